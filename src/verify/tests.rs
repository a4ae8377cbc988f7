//! Images built in memory, with one planted difference each.

use std::io::Write;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::compare::{Aspect, Change, Difference, compare};
use super::image::{Image, ImageError, Layers};
use super::noise::Floor;
use super::verdict::Verdict;

/// A tar archive under construction.
struct Tar(tar::Builder<Vec<u8>>);

impl Tar {
    fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    fn entry(
        mut self,
        kind: tar::EntryType,
        path: &str,
        mode: u32,
        owner: (u64, u64),
        link: &str,
        content: &[u8],
    ) -> Self {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_path(path).unwrap();
        if !link.is_empty() {
            header.set_link_name(link).unwrap();
        }
        header.set_mode(mode);
        header.set_uid(owner.0);
        header.set_gid(owner.1);
        header.set_size(content.len() as u64);
        header.set_mtime(1_700_000_000);
        header.set_cksum();
        self.0.append(&header, content).unwrap();
        self
    }

    fn file(self, path: &str, content: &str) -> Self {
        self.entry(
            tar::EntryType::Regular,
            path,
            0o644,
            (0, 0),
            "",
            content.as_bytes(),
        )
    }

    fn dir(self, path: &str) -> Self {
        self.entry(tar::EntryType::Directory, path, 0o755, (0, 0), "", b"")
    }

    fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(tar::EntryType::Symlink, path, 0o777, (0, 0), target, b"")
    }

    fn link(self, path: &str, target: &str) -> Self {
        self.entry(tar::EntryType::Link, path, 0o644, (0, 0), target, b"")
    }

    /// Extended header records for the entry that follows.
    fn pax(mut self, records: &[(&str, &[u8])]) -> Self {
        let mut data = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let mut length = rest + 1;
            while length != rest + length.to_string().len() {
                length = rest + length.to_string().len();
            }
            data.extend_from_slice(format!("{length} {key}=").as_bytes());
            data.extend_from_slice(value);
            data.push(b'\n');
        }
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::XHeader);
        header.set_path("PaxHeaders.0/x").unwrap();
        header.set_size(data.len() as u64);
        header.set_cksum();
        self.0.append(&header, data.as_slice()).unwrap();
        self
    }

    fn done(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

fn hex(data: &[u8]) -> String {
    Sha256::digest(data)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn put(archive: &mut tar::Builder<Vec<u8>>, name: &str, data: &[u8]) {
    let mut header = tar::Header::new_ustar();
    header.set_size(data.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    archive.append_data(&mut header, name, data).unwrap();
}

/// What `docker save` writes since 25: blobs first, the manifest after them.
fn docker(layers: &[Vec<u8>], config: &Value) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut names = Vec::new();
    for layer in layers {
        let name = format!("blobs/sha256/{}", hex(layer));
        put(&mut archive, &name, layer);
        names.push(name);
    }
    let config = serde_json::to_vec(config).unwrap();
    let config_name = format!("blobs/sha256/{}", hex(&config));
    put(&mut archive, &config_name, &config);
    let manifest = json!([{ "Config": config_name, "RepoTags": null, "Layers": names }]);
    put(
        &mut archive,
        "manifest.json",
        manifest.to_string().as_bytes(),
    );
    archive.into_inner().unwrap()
}

/// An OCI archive, with an index of one image and its attestation.
fn oci(layers: &[Vec<u8>], config: &Value) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut descriptors = Vec::new();
    let mut add = |data: Vec<u8>| {
        let digest = hex(&data);
        files.push((format!("blobs/sha256/{digest}"), data));
        format!("sha256:{digest}")
    };
    for layer in layers {
        descriptors.push(json!({ "digest": add(layer.clone()) }));
    }
    let config = add(config.to_string().into_bytes());
    let manifest = json!({ "config": { "digest": config }, "layers": descriptors });
    let manifest = add(manifest.to_string().into_bytes());
    let attestation = add(br#"{"config":{"digest":"sha256:0"},"layers":[]}"#.to_vec());
    let inner = json!({ "manifests": [
        { "digest": attestation, "platform": { "os": "unknown" }, "annotations": { "vnd.docker.reference.type": "attestation-manifest" } },
        { "digest": manifest, "platform": { "os": "linux", "architecture": "amd64" } },
    ] });
    let inner = add(inner.to_string().into_bytes());
    let index = json!({ "schemaVersion": 2, "manifests": [{ "digest": inner }] });
    files.push(("index.json".to_owned(), index.to_string().into_bytes()));
    files.push((
        "oci-layout".to_owned(),
        br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec(),
    ));
    files
}

fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, data) in files {
        put(&mut archive, name, data);
    }
    archive.into_inner().unwrap()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn plain_config() -> Value {
    json!({ "architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z", "config": { "Env": ["PATH=/bin"], "Cmd": ["sh"] } })
}

fn image(layers: &[Vec<u8>]) -> Image {
    image_of(layers, &plain_config())
}

fn image_of(layers: &[Vec<u8>], config: &Value) -> Image {
    Image::read(docker(layers, config).as_slice(), &Layers::default()).unwrap()
}

fn differ(before: &[Vec<u8>], after: &[Vec<u8>]) -> Difference {
    compare(&image(before), &image(after))
}

/// The one difference there is: its path and change.
#[track_caller]
fn only(difference: &Difference) -> (&str, &Change) {
    assert_eq!(difference.paths.len(), 1, "{:?}", difference.paths);
    assert!(difference.config.is_empty());
    (&difference.paths[0].path, &difference.paths[0].change)
}

fn base() -> Vec<u8> {
    Tar::new()
        .dir("etc/")
        .file("etc/hosts", "one")
        .file("etc/gone", "x")
        .dir("srv/")
        .file("srv/a", "a")
        .dir("srv/deep/")
        .file("srv/deep/b", "b")
        .done()
}

#[test]
fn the_same_is_equal_whatever_the_layers() {
    let two = [
        Tar::new().dir("a/").done(),
        Tar::new().file("a/x", "1").done(),
    ];
    let one = [Tar::new().dir("./a").file("./a/x", "1").done()];
    let difference = differ(&two, &one);
    assert!(difference.is_empty(), "{:?}", difference.paths);
}

#[test]
fn one_byte() {
    let difference = differ(
        &[Tar::new().file("f", "abc").done()],
        &[Tar::new().file("f", "abd").done()],
    );
    let expected = Change::Changed(vec![Aspect::Content {
        before: 3,
        after: 3,
    }]);
    assert_eq!(only(&difference), ("/f", &expected));
}

#[test]
fn mode_owner_target_and_type() {
    let file = |mode, owner| {
        [Tar::new()
            .entry(tar::EntryType::Regular, "f", mode, owner, "", b"x")
            .done()]
    };
    let difference = differ(&file(0o755, (0, 0)), &file(0o4755, (0, 0)));
    let expected = Change::Changed(vec![Aspect::Mode {
        before: 0o755,
        after: 0o4755,
    }]);
    assert_eq!(only(&difference).1, &expected);

    let difference = differ(&file(0o755, (0, 0)), &file(0o755, (0, 7)));
    let expected = Change::Changed(vec![Aspect::Owner {
        before: (0, 0),
        after: (0, 7),
    }]);
    assert_eq!(only(&difference).1, &expected);

    let link = |target| [Tar::new().symlink("l", target).done()];
    let difference = differ(&link("a"), &link("b"));
    let expected = Change::Changed(vec![Aspect::Target {
        before: "a".into(),
        after: "b".into(),
    }]);
    assert_eq!(only(&difference).1, &expected);

    let difference = differ(&link("a"), &[Tar::new().file("l", "").done()]);
    let Change::Changed(aspects) = only(&difference).1 else {
        panic!("{difference:?}");
    };
    assert_eq!(
        aspects[0],
        Aspect::Kind {
            before: "symlink",
            after: "file"
        }
    );
}

#[test]
fn attributes_with_line_ends_in_them() {
    let capable = |value: &[u8]| {
        [Tar::new()
            .pax(&[
                ("mtime", b"1.5"),
                ("SCHILY.xattr.security.capability", value),
            ])
            .file("ping", "x")
            .done()]
    };
    assert!(differ(&capable(b"\x01\n\x02\0"), &capable(b"\x01\n\x02\0")).is_empty());
    let difference = differ(&capable(b"\x01\n\x02\0"), &capable(b"\x01\n\x03\0"));
    let expected = Change::Changed(vec![Aspect::Xattrs {
        names: vec!["security.capability".into()],
    }]);
    assert_eq!(only(&difference), ("/ping", &expected));
    let difference = differ(
        &capable(b"\x01\n\x02\0"),
        &[Tar::new().file("ping", "x").done()],
    );
    assert_eq!(only(&difference), ("/ping", &expected));
}

#[test]
fn long_names_and_great_owners() {
    let name = format!("{}/x", "d".repeat(180));
    let layer = [Tar::new()
        .pax(&[("path", name.as_bytes()), ("uid", b"4000000")])
        .file("short", "x")
        .done()];
    let image = image(&layer);
    let node = image.tree.get(name.as_bytes()).unwrap();
    assert_eq!(node.meta.uid, 4_000_000);
    assert!(image.tree.get(b"short").is_none());
}

#[test]
fn a_whiteout_hides_a_file_and_a_folder() {
    let hidden = [base(), Tar::new().file("etc/.wh.gone", "").done()];
    let difference = differ(&[base()], &hidden);
    assert_eq!(only(&difference), ("/etc/gone", &Change::Removed));

    let hidden = [base(), Tar::new().file(".wh.srv", "").done()];
    let difference = differ(&[base()], &hidden);
    let paths: Vec<&str> = difference
        .paths
        .iter()
        .map(|path| path.path.as_str())
        .collect();
    assert_eq!(paths, ["/srv", "/srv/a", "/srv/deep", "/srv/deep/b"]);
}

#[test]
fn an_opaque_folder_hides_what_is_below_but_not_its_own() {
    // The marker hides lower layers only, wherever in its layer it stands.
    let layer = Tar::new()
        .dir("srv/")
        .file("srv/new", "n")
        .file("srv/.wh..wh..opq", "")
        .done();
    let image = image(&[base(), layer]);
    let paths: Vec<String> = image
        .tree
        .nodes()
        .keys()
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect();
    assert_eq!(paths, ["etc", "etc/gone", "etc/hosts", "srv", "srv/new"]);
}

#[test]
fn a_file_takes_a_folders_place() {
    let image = image(&[base(), Tar::new().file("srv", "now a file").done()]);
    assert!(image.tree.get(b"srv/a").is_none());
    assert!(image.tree.get(b"srv").is_some());
}

#[test]
fn a_broken_hard_link() {
    let linked = [Tar::new().file("a", "x").link("b", "a").done()];
    let apart = [Tar::new().file("a", "x").file("b", "x").done()];
    assert!(differ(&linked, &linked).is_empty());
    let difference = differ(&linked, &apart);
    let changes: Vec<&Change> = difference.paths.iter().map(|path| &path.change).collect();
    let broken = |other: &str| {
        Change::Changed(vec![Aspect::Links {
            before: vec![other.to_owned()],
            after: vec![],
        }])
    };
    assert_eq!(changes, [&broken("/b"), &broken("/a")]);

    // A layer that changes one name breaks the link too.
    let upper = [linked[0].clone(), Tar::new().file("a", "x").done()];
    assert_eq!(differ(&linked, &upper).paths.len(), 2);
}

#[test]
fn a_removed_name_does_not_accuse_the_others() {
    let three = [Tar::new()
        .file("a", "x")
        .link("b", "a")
        .link("c", "a")
        .done()];
    let two = [Tar::new().file("a", "x").link("b", "a").done()];
    let difference = differ(&three, &two);
    assert_eq!(only(&difference), ("/c", &Change::Removed));
}

#[test]
fn config_field_by_field() {
    let with = |settings: Value| {
        let mut config = plain_config();
        config["config"] = settings;
        image_of(&[], &config)
    };
    let fields = |before: Value, after: Value| -> Vec<String> {
        let difference = compare(&with(before), &with(after));
        assert!(difference.paths.is_empty());
        difference
            .config
            .into_iter()
            .map(|field| field.field)
            .collect()
    };
    // The order of Env matters: later values are made of earlier ones, and `env` prints it.
    assert_eq!(
        fields(
            json!({"Env": ["A=1", "B=2"]}),
            json!({"Env": ["B=2", "A=1"]})
        ),
        ["Env"]
    );
    assert_eq!(
        fields(
            json!({"Healthcheck": {"Test": ["CMD", "a"], "Interval": 1}}),
            json!({"Healthcheck": {"Test": ["CMD", "a"], "Interval": 2}})
        ),
        ["Healthcheck"]
    );
    assert_eq!(
        fields(json!({"User": "app", "Cmd": ["a"]}), json!({"Cmd": ["b"]})),
        ["Cmd", "User"]
    );
    // That of labels does not, and an empty value is an absent one.
    let none: [&str; 0] = [];
    assert_eq!(
        fields(
            json!({"Labels": {"a": "1", "b": "2"}, "Entrypoint": null, "User": ""}),
            json!({"Labels": {"b": "2", "a": "1"}, "OnBuild": []})
        ),
        none
    );
    let mut author = plain_config();
    author["author"] = json!("me");
    let difference = compare(&image(&[]), &image_of(&[], &author));
    assert_eq!(difference.config[0].field, "author");
    let mut later = plain_config();
    later["created"] = json!("2027-01-01T00:00:00Z");
    later["history"] = json!([{ "created_by": "RUN x" }]);
    assert!(compare(&image(&[]), &image_of(&[], &later)).is_empty());
}

#[test]
fn every_way_to_store_an_image() {
    let layer = Tar::new().file("f", "x").done();
    let config = plain_config();
    let expected = image(std::slice::from_ref(&layer));
    let zstd = zstd::encode_all(layer.as_slice(), 1).unwrap();
    let legacy = {
        let mut archive = tar::Builder::new(Vec::new());
        put(&mut archive, "abc/VERSION", b"1.0");
        put(&mut archive, "abc/layer.tar", &layer);
        put(&mut archive, "cfg.json", config.to_string().as_bytes());
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        archive
            .append_link(&mut header, "def/layer.tar", "../abc/layer.tar")
            .unwrap();
        let manifest = json!([{ "Config": "cfg.json", "Layers": ["def/layer.tar"] }]);
        put(
            &mut archive,
            "manifest.json",
            manifest.to_string().as_bytes(),
        );
        archive.into_inner().unwrap()
    };
    let layout = tempfile::tempdir().unwrap();
    for (name, data) in oci(&[gzip(&layer)], &config) {
        let path = layout.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, data).unwrap();
    }
    for (name, image) in [
        (
            "gzip",
            read(&gzip(&docker(std::slice::from_ref(&layer), &config))),
        ),
        ("oci gzip", read(&archive(&oci(&[gzip(&layer)], &config)))),
        ("oci zstd", read(&archive(&oci(&[zstd], &config)))),
        ("legacy", read(&legacy)),
        ("layout", Image::open(layout.path(), &Layers::default())),
    ] {
        let image = image.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(compare(&expected, &image).is_empty(), "{name}");
        assert!(image.tree.get(b"f").is_some(), "{name}");
    }
}

fn read(archive: &[u8]) -> Result<Image, ImageError> {
    Image::read(archive, &Layers::default())
}

#[test]
fn a_shared_layer_is_read_once() {
    let layers = Layers::default();
    let config = plain_config();
    let shared = Tar::new().file("f", "x").done();
    let first = Image::read(
        docker(std::slice::from_ref(&shared), &config).as_slice(),
        &layers,
    )
    .unwrap();
    let second = Image::read(
        docker(&[shared, Tar::new().file("g", "y").done()], &config).as_slice(),
        &layers,
    )
    .unwrap();
    assert!(std::sync::Arc::ptr_eq(&first.layers[0], &second.layers[0]));
    assert_eq!(only(&compare(&first, &second)), ("/g", &Change::Added));
}

#[test]
fn broken_input_is_an_error() {
    assert!(read(b"nothing").is_err());
    assert!(matches!(read(&[0; 1024]), Err(ImageError::NotAnImage)));
    let config = plain_config();
    let mut missing = tar::Builder::new(Vec::new());
    put(&mut missing, "c.json", config.to_string().as_bytes());
    put(
        &mut missing,
        "manifest.json",
        br#"[{"Config":"c.json","Layers":["x/layer.tar"]}]"#,
    );
    assert!(matches!(
        read(&missing.into_inner().unwrap()),
        Err(ImageError::Missing(_))
    ));
    let whole = docker(&[base()], &config);
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap();
    for cut in (0..end).step_by(97) {
        assert!(read(&whole[..cut]).is_err(), "{cut}");
    }
    let mut two = tar::Builder::new(Vec::new());
    put(
        &mut two,
        "manifest.json",
        br#"[{"Config":"c","Layers":[]},{"Config":"d","Layers":[]}]"#,
    );
    assert!(matches!(
        read(&two.into_inner().unwrap()),
        Err(ImageError::Several(2))
    ));
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..11].copy_from_slice(b"../../etc/x");
    header.set_size(0);
    header.set_cksum();
    let mut leaves = tar::Builder::new(Vec::new());
    leaves.append(&header, &b""[..]).unwrap();
    assert!(matches!(
        read(&docker(&[leaves.into_inner().unwrap()], &config)),
        Err(ImageError::Io { .. })
    ));
}

fn verdict(before: &[Vec<u8>], after: &[Vec<u8>], floor: &Floor, removes: &[&str]) -> Verdict {
    let removes: Vec<String> = removes.iter().map(ToString::to_string).collect();
    Verdict::of(differ(before, after), floor, &removes)
}

#[test]
fn three_parts() {
    let before = [Tar::new()
        .file("var/lib/apt/lists/lock", "")
        .file("var/log/dpkg.log", "10:00")
        .file("srv/x", "1")
        .done()];
    let after = [Tar::new()
        .file("var/log/dpkg.log", "11:00")
        .file("srv/x", "2")
        .done()];
    let verdict = verdict(
        &before,
        &after,
        &Floor::default(),
        &["/var/lib/apt/lists/**", "/srv/**"],
    );
    assert_eq!(verdict.noise[0].difference.path, "/var/log/dpkg.log");
    assert_eq!(verdict.declared[0].because, "/var/lib/apt/lists/**");
    // What is declared as removed may not change instead.
    assert_eq!(verdict.unexplained[0].path, "/srv/x");
    assert!(!verdict.is_equal());
    let text = verdict.to_string();
    assert!(
        text.contains("NOT equal") && text.contains("unexplained: 1 path"),
        "{text}"
    );
}

#[test]
fn the_floor_covers_bytes_alone() {
    let log = |mode, text: &str| {
        [Tar::new()
            .entry(
                tar::EntryType::Regular,
                "var/log/dpkg.log",
                mode,
                (0, 0),
                "",
                text.as_bytes(),
            )
            .done()]
    };
    let floor = Floor::default();
    assert!(verdict(&log(0o644, "a"), &log(0o644, "b"), &floor, &[]).is_equal());
    assert!(!verdict(&log(0o644, "a"), &log(0o600, "b"), &floor, &[]).is_equal());
    assert!(!verdict(&log(0o644, "a"), &[Tar::new().done()], &floor, &[]).is_equal());
}

#[test]
fn compiled_python_may_differ_in_its_sources_time_only() {
    let pyc = |flags: u8, time: &str, code: &str| {
        let content = format!("MAGC{}\0\0\0{time}size{code}", char::from(flags));
        [Tar::new().file("lib/__pycache__/m.pyc", &content).done()]
    };
    let floor = Floor::default();
    assert!(
        verdict(
            &pyc(0, "t1.0", "code"),
            &pyc(0, "t2.0", "code"),
            &floor,
            &[]
        )
        .is_equal()
    );
    assert!(
        !verdict(
            &pyc(0, "t1.0", "code"),
            &pyc(0, "t1.0", "cody"),
            &floor,
            &[]
        )
        .is_equal()
    );
    // Checked by a hash: these bytes are no time.
    assert!(
        !verdict(
            &pyc(1, "t1.0", "code"),
            &pyc(1, "t2.0", "code"),
            &floor,
            &[]
        )
        .is_equal()
    );
}

#[test]
fn stanzas_may_change_places() {
    let states = |text: &str| [Tar::new().file("var/lib/apt/extended_states", text).done()];
    let floor = Floor::default();
    let (a, b) = (
        states("Package: a\nAuto: 1\n\nPackage: b\nAuto: 1\n\n"),
        states("Package: b\nAuto: 1\n\nPackage: a\nAuto: 1\n\n"),
    );
    assert!(verdict(&a, &b, &floor, &[]).is_equal());
    let c = states("Package: b\nAuto: 1\n\nPackage: c\nAuto: 1\n\n");
    assert!(!verdict(&a, &c, &floor, &[]).is_equal());
}

#[test]
fn the_measured_floor_covers_what_was_seen() {
    let stamped = |text: &str| [Tar::new().file("stamp", text).file("other", "o").done()];
    let floor = Floor::measured(differ(&stamped("1"), &stamped("2")));
    assert!(verdict(&stamped("1"), &stamped("3"), &floor, &[]).is_equal());
    let moved = [Tar::new().file("stamp", "1").file("other", "p").done()];
    assert!(!verdict(&stamped("1"), &moved, &floor, &[]).is_equal());
    let gone = [Tar::new().file("other", "o").done()];
    assert!(!verdict(&stamped("1"), &gone, &floor, &[]).is_equal());
}

#[test]
fn packages_by_name() {
    let status = |text: &str| [Tar::new().file("var/lib/dpkg/status", text).done()];
    let before = status(
        "Package: curl\nStatus: install ok installed\nVersion: 7\n\nPackage: old\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: libldap-common\nStatus: install ok installed\nVersion: 2\n",
    );
    let after = status("Package: curl\nStatus: install ok installed\nVersion: 8\n");
    let packages = differ(&before, &after).packages;
    assert_eq!(packages.removed, ["libldap-common"]);
    assert_eq!(packages.changed, [("curl".into(), "7".into(), "8".into())]);

    let apk = |text: &str| [Tar::new().file("lib/apk/db/installed", text).done()];
    let packages = differ(
        &apk("C:Q1x\nP:musl\nV:1.2\n"),
        &apk("P:musl\nV:1.2\n\nP:curl\nV:8\n"),
    )
    .packages;
    assert_eq!(packages.added, ["curl"]);
    assert!(packages.removed.is_empty());

    // Distroless images have a record a package, and others beside them.
    let distroless = |name: &str| {
        [Tar::new()
            .file(
                &format!("var/lib/dpkg/status.d/{name}"),
                &format!("Package: {name}\nVersion: 1\n"),
            )
            .done()]
    };
    let packages = differ(&distroless("tzdata"), &distroless("libc6")).packages;
    assert_eq!(
        (packages.removed, packages.added),
        (vec!["tzdata".to_owned()], vec!["libc6".to_owned()])
    );
}
