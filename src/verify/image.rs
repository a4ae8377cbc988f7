//! Images as files: what `docker save` and `podman save` write, OCI archives and OCI layout directories.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::Value;

use super::layer::Layer;
use super::tree::Tree;

/// A manifest, an index or a config may have at most this many bytes.
const JSON: u64 = 64 << 20;

/// Layers that were read already, by digest: what two images share is read once. Digests are taken at their word.
#[derive(Debug, Default)]
pub struct Layers {
    known: Mutex<HashMap<String, Arc<Layer>>>,
}

impl Layers {
    fn get(&self, digest: &str) -> Option<Arc<Layer>> {
        self.known.lock().ok()?.get(digest).cloned()
    }

    fn put(&self, digest: &str, layer: &Arc<Layer>) {
        if let Ok(mut known) = self.known.lock() {
            known.insert(digest.to_owned(), Arc::clone(layer));
        }
    }
}

/// An image: its config and its layers, the lowest first.
#[derive(Clone, Debug)]
pub struct Image {
    /// The image config (OCI image spec, config.md).
    pub config: Value,
    /// Layers, the lowest first.
    pub layers: Vec<Arc<Layer>>,
    /// What a container would see.
    pub tree: Tree,
}

/// Why an image can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Reading failed, or something in it is no tar archive.
    #[error("cannot read {what}: {source}")]
    Io {
        /// Which file or blob.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// A manifest, index or config is not what it should be.
    #[error("{what} is malformed: {source}")]
    Json {
        /// Which one.
        what: String,
        /// Why.
        source: serde_json::Error,
    },
    /// Neither manifest.json nor index.json is there.
    #[error("neither a docker archive nor an OCI image: manifest.json and index.json are missing")]
    NotAnImage,
    /// Something that a manifest names is not there.
    #[error("{0} is named by a manifest, but is not there")]
    Missing(String),
    /// An index of several platforms.
    #[error("holds {0} images; save one of them alone")]
    Several(usize),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerManifest {
    config: String,
    layers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    digest: String,
    platform: Option<Value>,
    #[serde(default)]
    annotations: HashMap<String, String>,
}

/// An index or a manifest: which of the two is told by what is there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OciManifest {
    #[serde(default)]
    manifests: Vec<Descriptor>,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

/// What the parts of an image turned out to be, by name.
#[derive(Default)]
struct Blobs {
    json: HashMap<String, Vec<u8>>,
    layers: HashMap<String, Arc<Layer>>,
    aliases: HashMap<String, String>,
}

impl Image {
    /// Reads an archive in one pass, compressed or not. Layers that `layers` knows are skipped.
    ///
    /// # Errors
    /// When it is no image, or a broken one.
    pub fn read(source: impl Read, layers: &Layers) -> Result<Self, ImageError> {
        let whole = |source| ImageError::Io {
            what: "the archive".to_owned(),
            source,
        };
        let mut archive = tar::Archive::new(decoded(source).map_err(whole)?);
        let mut blobs = Blobs::default();
        for entry in archive.entries().map_err(whole)? {
            let mut entry = entry.map_err(whole)?;
            let name = plain(&entry.path_bytes());
            match entry.header().entry_type() {
                tar::EntryType::Symlink | tar::EntryType::Link => {
                    if let Some(target) = entry.link_name_bytes() {
                        // `../ID/layer.tar`, beside the folder that the link is in.
                        let target = plain(&target);
                        let target = target.trim_start_matches("../").to_owned();
                        blobs.aliases.insert(name, target);
                    }
                }
                tar::EntryType::Regular => blobs.add(name, &mut entry, layers)?,
                _ => {}
            }
        }
        blobs.image()
    }

    /// Reads an archive file or an OCI layout directory.
    ///
    /// # Errors
    /// When it is no image, or a broken one.
    pub fn open(path: &Path, layers: &Layers) -> Result<Self, ImageError> {
        let failed = |what: &Path| {
            let what = what.display().to_string();
            move |source| ImageError::Io { what, source }
        };
        if !path.is_dir() {
            let file = File::open(path).map_err(failed(path))?;
            return Self::read(BufReader::with_capacity(1 << 20, file), layers);
        }
        let mut blobs = Blobs::default();
        let mut folders = vec![(path.to_owned(), String::new())];
        while let Some((folder, prefix)) = folders.pop() {
            for entry in std::fs::read_dir(&folder).map_err(failed(&folder))? {
                let entry = entry.map_err(failed(&folder))?;
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                let kind = entry.file_type().map_err(failed(&folder))?;
                if kind.is_dir() {
                    folders.push((entry.path(), format!("{name}/")));
                } else if kind.is_file() {
                    let mut file = File::open(entry.path()).map_err(failed(&entry.path()))?;
                    blobs.add(name, &mut file, layers)?;
                }
            }
        }
        blobs.image()
    }

    /// A value of the config's `config` part.
    pub fn setting(&self, name: &str) -> Option<&Value> {
        self.config.get("config")?.get(name)
    }
}

impl Blobs {
    /// Takes in one file of the image; its content tells what it is.
    fn add(
        &mut self,
        name: String,
        source: &mut impl Read,
        layers: &Layers,
    ) -> Result<(), ImageError> {
        let digest = digest_of(&name);
        if let Some(known) = digest.as_deref().and_then(|digest| layers.get(digest)) {
            self.layers.insert(name, known);
            return Ok(());
        }
        let failed = |source| ImageError::Io {
            what: name.clone(),
            source,
        };
        let (head, whole) = peeked(source).map_err(failed)?;
        let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
        if !looks_like_tar(&head) && matches!(first, Some(b'{' | b'[')) {
            let mut json = Vec::new();
            whole.take(JSON).read_to_end(&mut json).map_err(failed)?;
            self.json.insert(name, json);
            return Ok(());
        }
        if !looks_like_tar(&head) && !is_compressed(&head) {
            return Ok(()); // `VERSION` and the like
        }
        let layer = Arc::new(Layer::read(decoded(whole).map_err(failed)?).map_err(failed)?);
        if let Some(digest) = digest {
            layers.put(&digest, &layer);
        }
        self.layers.insert(name, layer);
        Ok(())
    }

    fn image(self) -> Result<Image, ImageError> {
        let (config, names) = if self.json.contains_key("manifest.json") {
            let mut manifests: Vec<DockerManifest> = self.parse("manifest.json")?;
            match (manifests.pop(), manifests.len()) {
                (Some(manifest), 0) => (manifest.config, manifest.layers),
                (None, _) => return Err(ImageError::NotAnImage),
                (Some(_), others) => return Err(ImageError::Several(others + 1)),
            }
        } else if self.json.contains_key("index.json") {
            self.oci()?
        } else {
            return Err(ImageError::NotAnImage);
        };
        let config = self.parse(&config)?;
        let layers = names
            .iter()
            .map(|name| {
                let real = self.aliases.get(name).unwrap_or(name);
                let layer = self.layers.get(real).cloned();
                layer.ok_or_else(|| ImageError::Missing(name.clone()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let tree = Tree::of(layers.iter().map(AsRef::as_ref));
        Ok(Image {
            config,
            layers,
            tree,
        })
    }

    /// The names of config and layers, through any number of indexes.
    fn oci(&self) -> Result<(String, Vec<String>), ImageError> {
        let mut name = "index.json".to_owned();
        for _ in 0..8 {
            let manifest: OciManifest = self.parse(&name)?;
            if let Some(config) = manifest.config {
                let layers = manifest.layers.iter().map(|layer| blob(&layer.digest));
                return Ok((blob(&config.digest), layers.collect()));
            }
            // Attestations lie beside the image as manifests of an unknown platform.
            let mut images = manifest.manifests.iter().filter(|descriptor| {
                let unknown = descriptor.platform.as_ref().is_some_and(|platform| {
                    platform.get("os").and_then(Value::as_str) == Some("unknown")
                });
                let attached = descriptor
                    .annotations
                    .contains_key("vnd.docker.reference.type");
                !unknown && !attached
            });
            name = match (images.next(), images.count()) {
                (Some(image), 0) => blob(&image.digest),
                (None, _) => return Err(ImageError::NotAnImage),
                (Some(_), others) => return Err(ImageError::Several(others + 1)),
            };
        }
        Err(ImageError::NotAnImage)
    }

    fn parse<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, ImageError> {
        let name = self.aliases.get(name).map_or(name, String::as_str);
        let missing = || ImageError::Missing(name.to_owned());
        let bytes = self.json.get(name).ok_or_else(missing)?;
        serde_json::from_slice(bytes).map_err(|source| ImageError::Json {
            what: name.to_owned(),
            source,
        })
    }
}

/// Where an OCI layout keeps what has this digest.
fn blob(digest: &str) -> String {
    format!("blobs/{}", digest.replacen(':', "/", 1))
}

/// The digest that a blob's name gives: `blobs/sha256/HEX`, or `HEX.tar` as podman writes it.
fn digest_of(name: &str) -> Option<String> {
    let hex = name.strip_prefix("blobs/sha256/").or_else(|| {
        name.strip_suffix(".tar")
            .filter(|name| !name.contains('/') && name.len() == 64)
    })?;
    Some(format!("sha256:{hex}"))
}

/// A name in an archive, without `./` in front.
fn plain(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    name.trim_start_matches("./").to_owned()
}

/// The first bytes (512 at most), and the whole source with them.
fn peeked<'a>(mut source: impl Read + 'a) -> io::Result<(Vec<u8>, Box<dyn Read + 'a>)> {
    let mut head = Vec::with_capacity(512);
    source.by_ref().take(512).read_to_end(&mut head)?;
    let whole = io::Cursor::new(head.clone()).chain(source);
    Ok((head, Box::new(whole)))
}

fn is_compressed(head: &[u8]) -> bool {
    head.starts_with(b"\x1f\x8b") || head.starts_with(b"\x28\xb5\x2f\xfd")
}

/// A header of POSIX or GNU, or the zeros that end an archive.
fn looks_like_tar(head: &[u8]) -> bool {
    head.len() == 512
        && (head.get(257..262) == Some(b"ustar") || head.iter().all(|byte| *byte == 0))
}

/// Gzip and zstd are told by their first bytes; all else is taken as it is.
fn decoded<'a>(source: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let (head, whole) = peeked(source)?;
    Ok(if head.starts_with(b"\x1f\x8b") {
        Box::new(flate2::read::MultiGzDecoder::new(whole))
    } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
        Box::new(zstd::stream::read::Decoder::new(whole)?)
    } else {
        whole
    })
}
