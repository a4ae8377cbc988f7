//! One layer: a tar archive, read once in order, kept as an index of what it holds.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tar::EntryType;

use super::noise;

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// Contents that are kept, because what they mean is compared and not only their bytes, may have at most this many bytes.
const KEPT: u64 = 64 << 20;

/// What a path is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File {
        /// Bytes.
        size: u64,
        /// SHA-256 of the content.
        digest: Digest,
    },
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink {
        /// Where it points, as written.
        target: Vec<u8>,
    },
    /// A device.
    Device {
        /// Block or character device.
        block: bool,
        /// Its number.
        number: (u32, u32),
    },
    /// A named pipe.
    Fifo,
}

impl Kind {
    /// In a word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::Directory => "directory",
            Self::Symlink { .. } => "symlink",
            Self::Device { block: true, .. } => "block device",
            Self::Device { block: false, .. } => "character device",
            Self::Fifo => "named pipe",
        }
    }
}

/// All that is known of a path, times aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// What it is.
    pub kind: Kind,
    /// Permission bits with set-id and sticky, masked with 07777; 0777 for symbolic links.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Extended attributes by name.
    pub xattrs: BTreeMap<String, Vec<u8>>,
    /// The digest with the noise in the content masked, where there is such a thing.
    pub masked: Option<Digest>,
    /// The content, for the few files whose meaning is compared.
    pub content: Option<Arc<[u8]>>,
}

impl Meta {
    /// Bytes of a regular file, 0 for all else.
    pub const fn size(&self) -> u64 {
        match self.kind {
            Kind::File { size, .. } => size,
            _ => 0,
        }
    }
}

/// What a layer says of a path. Paths are relative to the root, without a slash in front or at the end.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    /// It is this.
    Node { path: Vec<u8>, meta: Arc<Meta> },
    /// It is another name of `target`.
    Link { path: Vec<u8>, target: Vec<u8> },
    /// What lower layers had there is gone.
    Whiteout { path: Vec<u8> },
    /// What lower layers had below this directory is gone.
    Opaque { path: Vec<u8> },
}

/// A layer's index.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    pub(super) entries: Vec<Entry>,
    /// Bytes of the regular files in it.
    pub size: u64,
}

impl Layer {
    /// Reads an uncompressed tar archive to its end. Nothing is written anywhere.
    ///
    /// # Errors
    /// When it is no tar archive, or names a path outside of the root.
    pub fn read(source: impl Read) -> io::Result<Self> {
        let mut archive = tar::Archive::new(source);
        let mut layer = Self::default();
        let mut extra = Extra::default();
        // Extension headers are read here: the tar crate cuts their values at line ends, and those of
        // security.capability are binary.
        for entry in archive.entries()?.raw(true) {
            let mut entry = entry?;
            match entry.header().entry_type() {
                EntryType::XHeader => extra.pax(&read_all(&mut entry)?)?,
                EntryType::GNULongName => extra.path = Some(text(read_all(&mut entry)?)),
                EntryType::GNULongLink => extra.target = Some(text(read_all(&mut entry)?)),
                EntryType::XGlobalHeader => {}
                _ => layer.add(&mut entry, std::mem::take(&mut extra))?,
            }
        }
        Ok(layer)
    }

    fn add<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>, extra: Extra) -> io::Result<()> {
        let header = entry.header();
        let path = normal(
            &extra
                .path
                .unwrap_or_else(|| header.path_bytes().into_owned()),
        )?;
        let (parent, name) = split(&path);
        if name == b".wh..wh..opq" {
            let path = parent.to_vec();
            self.entries.push(Entry::Opaque { path });
            return Ok(());
        }
        if name.starts_with(b".wh..wh.") {
            return Ok(()); // bookkeeping of aufs
        }
        if let Some(gone) = name.strip_prefix(b".wh.") {
            let path = join(parent, gone);
            self.entries.push(Entry::Whiteout { path });
            return Ok(());
        }
        let target = extra
            .target
            .or_else(|| header.link_name_bytes().map(|name| name.into_owned()))
            .unwrap_or_default();
        let (mode, uid, gid) = (
            header.mode()? & 0o7777,
            extra.uid.map_or_else(|| header.uid(), Ok)?,
            extra.gid.map_or_else(|| header.gid(), Ok)?,
        );
        let device = |block| -> io::Result<Kind> {
            let number = (
                header.device_major()?.unwrap_or(0),
                header.device_minor()?.unwrap_or(0),
            );
            Ok(Kind::Device { block, number })
        };
        let (mut masked, mut content) = (None, None);
        let kind = match header.entry_type() {
            EntryType::Link => {
                let target = normal(&target)?;
                self.entries.push(Entry::Link { path, target });
                return Ok(());
            }
            EntryType::Directory => Kind::Directory,
            EntryType::Symlink => Kind::Symlink { target },
            EntryType::Char => device(false)?,
            EntryType::Block => device(true)?,
            EntryType::Fifo => Kind::Fifo,
            EntryType::Regular | EntryType::Continuous => {
                let size = header.size()?;
                let read = read_file(entry, &path)?;
                if read.size != size {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                if extra.size.is_some_and(|size| size != read.size) {
                    return Err(invalid("a file over 8 GiB in a layer"));
                }
                self.size += read.size;
                (masked, content) = (read.masked, read.content);
                Kind::File {
                    size: read.size,
                    digest: read.digest,
                }
            }
            other => return Err(invalid(format!("an entry of unknown type {other:?}"))),
        };
        let mode = if matches!(kind, Kind::Symlink { .. }) {
            0o777
        } else {
            mode
        };
        let meta = Arc::new(Meta {
            kind,
            mode,
            uid,
            gid,
            xattrs: extra.xattrs,
            masked,
            content,
        });
        self.entries.push(Entry::Node { path, meta });
        Ok(())
    }
}

/// What extension headers say of the entry that follows them.
#[derive(Default)]
struct Extra {
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    uid: Option<u64>,
    gid: Option<u64>,
    size: Option<u64>,
    xattrs: BTreeMap<String, Vec<u8>>,
}

impl Extra {
    /// Records of `LENGTH KEY=VALUE\n`, where LENGTH counts the whole record in bytes (POSIX pax, "pax Header Block").
    fn pax(&mut self, mut data: &[u8]) -> io::Result<()> {
        let bad = || invalid("a malformed extension header");
        while !data.is_empty() {
            let space = data.iter().position(|byte| *byte == b' ').ok_or_else(bad)?;
            let length: usize = std::str::from_utf8(&data[..space])
                .ok()
                .and_then(|length| length.parse().ok())
                .ok_or_else(bad)?;
            let record = data
                .get(space + 1..length.saturating_sub(1))
                .ok_or_else(bad)?;
            let equals = record
                .iter()
                .position(|byte| *byte == b'=')
                .ok_or_else(bad)?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            let number = || std::str::from_utf8(value).ok()?.parse::<u64>().ok();
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.target = Some(value.to_vec()),
                b"uid" => self.uid = number(),
                b"gid" => self.gid = number(),
                b"size" => self.size = number(),
                _ => {
                    if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                        let name = String::from_utf8_lossy(name).into_owned();
                        self.xattrs.insert(name, value.to_vec());
                    }
                }
            }
            data = data.get(length..).ok_or_else(bad)?;
        }
        Ok(())
    }
}

struct Content {
    size: u64,
    digest: Digest,
    masked: Option<Digest>,
    content: Option<Arc<[u8]>>,
}

fn read_file(source: &mut impl Read, path: &[u8]) -> io::Result<Content> {
    let mut hash = Sha256::new();
    let mut mask = noise::Mask::of(path);
    let mut kept = noise::keeps_content(path).then(Vec::new);
    let mut size = 0;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = &buffer[..read];
        hash.update(bytes);
        if let Some(mask) = &mut mask {
            mask.update(bytes);
        }
        if let Some(kept) = &mut kept {
            kept.extend_from_slice(bytes);
        }
        size += read as u64;
        if size > KEPT {
            kept = None;
        }
    }
    Ok(Content {
        size,
        digest: hash.finalize().into(),
        masked: mask.map(noise::Mask::finish),
        content: kept.map(Into::into),
    })
}

fn read_all(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut data = Vec::new();
    source.take(16 << 20).read_to_end(&mut data)?;
    Ok(data)
}

/// A GNU long name, without the NUL that ends it.
fn text(mut data: Vec<u8>) -> Vec<u8> {
    if let Some(end) = data.iter().position(|byte| *byte == 0) {
        data.truncate(end);
    }
    data
}

/// The path without `.` and empty names; empty for the root.
fn normal(path: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(path.len());
    for name in path.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => return Err(invalid("a path that leaves the root of the layer")),
            name => {
                if !out.is_empty() {
                    out.push(b'/');
                }
                out.extend_from_slice(name);
            }
        }
    }
    Ok(out)
}

fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}

fn join(parent: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = parent.to_vec();
    if !path.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

fn invalid(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}
