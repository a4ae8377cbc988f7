//! `careen fix --write`.

use std::fs;

use crate::room::{Room, beside};

const SOURCE: &str = "FROM debian\nrun a";
const FIXED: &[u8] = b"FROM debian\nRUN a";

/// The names in a folder.
fn names(room: &Room, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(room.path(folder)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn writes_and_says_what() {
    let room = Room::new();
    room.write("Dockerfile", SOURCE);
    let ran = room.run(&["fix", "--write"]);
    assert_eq!(ran.status, 0);
    assert_eq!(room.read("Dockerfile"), FIXED);
    assert_eq!(
        ran.text(),
        "Dockerfile:2: loud-run: write `run` as `RUN`, 100% of the time (safe)\n"
    );
    assert!(
        ran.err
            .starts_with("careen: 1 file, 1 change in 1 file, written"),
        "{}",
        ran.err
    );
    assert_eq!(names(&room, ""), ["Dockerfile"]);
    let again = room.run(&["fix", "--write", "-q"]);
    assert_eq!((again.status, again.text()), (0, String::new()));
}

#[test]
fn a_file_that_stays_is_not_touched() {
    let room = Room::new();
    let path = room.write("Dockerfile", "FROM debian\n");
    let before = fs::metadata(&path).unwrap();
    room.run(&["fix", "--write"]);
    let after = fs::metadata(&path).unwrap();
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());
}

#[cfg(unix)]
#[test]
fn keeps_mode_and_owner() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let room = Room::new();
    let path = room.write("Dockerfile", SOURCE);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o6751)).unwrap();
    // Only root may give files away.
    let given = chown(&path, Some(12), Some(34)).is_ok();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o751)).unwrap();
    room.run(&["fix", "--write"]);
    assert_eq!(room.read("Dockerfile"), FIXED);
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!(metadata.mode() & 0o7777, 0o751);
    if given {
        assert_eq!((metadata.uid(), metadata.gid()), (12, 34));
    }
}

#[test]
fn a_read_only_file_stays() {
    let room = Room::new();
    let path = room.write("Dockerfile", SOURCE);
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let ran = room.run(&["fix", "--write"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("is marked read-only"), "{}", ran.err);
    assert_eq!(room.read("Dockerfile"), SOURCE.as_bytes());
    assert_eq!(names(&room, ""), ["Dockerfile"]);
}

#[cfg(unix)]
#[test]
fn follows_links() {
    use std::os::unix::fs::symlink;
    let room = Room::new();
    room.write("real/base", SOURCE);
    symlink("real/base", room.path("Dockerfile")).unwrap();
    symlink("nowhere", room.path("Dockerfile.broken")).unwrap();
    let diff = room.run(&["fix"]);
    assert!(diff.text().contains("+++ b/real/base\n"), "{diff:?}");
    let ran = room.run(&["fix", "--write"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(
        fs::symlink_metadata(room.path("Dockerfile"))
            .unwrap()
            .is_symlink()
    );
    assert_eq!(room.read("real/base"), FIXED);
    assert_eq!(names(&room, "real"), ["base"]);
}

#[test]
fn writes_files_beside_once() {
    let mut room = Room::new();
    room.engine = beside;
    room.write("a.Dockerfile", SOURCE);
    room.write("b.Dockerfile", SOURCE);
    let ran = room.run(&["fix", "--write"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(room.read("a.Dockerfile"), FIXED);
    assert_eq!(room.read("b.Dockerfile"), FIXED);
    assert_eq!(room.read(".dockerignore"), b".git\n");
}

#[cfg(unix)]
#[test]
fn all_or_none() {
    let mut room = Room::new();
    room.engine = |chain, input, options| {
        let mut report = beside(chain, input, options)?;
        for beside in &mut report.beside {
            beside.path = "no/such/folder/.dockerignore".to_owned();
        }
        Ok(report)
    };
    room.write("Dockerfile", SOURCE);
    let ran = room.run(&["fix", "--write"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("can't be written"), "{}", ran.err);
    assert_eq!(room.read("Dockerfile"), SOURCE.as_bytes());
    assert_eq!(names(&room, ""), ["Dockerfile"]);
}

#[cfg(unix)]
#[test]
fn what_was_written_is_put_back() {
    let mut room = Room::new();
    // A folder can't be replaced by a file: the second rename fails, after the first went well.
    room.engine = |chain, input, options| {
        let mut report = beside(chain, input, options)?;
        let folder = input.path.unwrap().with_file_name(".dockerignore");
        let _ = fs::create_dir(&folder);
        report.beside.truncate(1);
        Ok(report)
    };
    room.write("Dockerfile", SOURCE);
    let ran = room.run(&["fix", "--write"]);
    assert_eq!(ran.status, 2, "{ran:?}");
    assert_eq!(room.read("Dockerfile"), SOURCE.as_bytes());
    assert_eq!(names(&room, ""), [".dockerignore", "Dockerfile"]);
}

#[test]
fn never_outside_of_the_context() {
    let mut room = Room::new();
    room.engine = |chain, input, options| {
        let mut report = beside(chain, input, options)?;
        for beside in &mut report.beside {
            beside.path = "../escaped".to_owned();
        }
        Ok(report)
    };
    room.write("in/Dockerfile", SOURCE);
    let ran = room.run(&["fix", "--write", "in"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.err.contains("not below the build context"),
        "{}",
        ran.err
    );
    assert_eq!(room.read("in/Dockerfile"), SOURCE.as_bytes());
    assert!(!room.path("escaped").exists());
}

#[test]
fn a_file_that_changed_meanwhile_is_looked_at_again() {
    let mut room = Room::new();
    // Somebody edits the file while the engine runs, the first time.
    room.engine = |chain, input, options| {
        let report = careen::engine::run(chain, input, options)?;
        if input.source == SOURCE.as_bytes() {
            fs::write(input.path.unwrap(), "FROM debian\nrun b\n").unwrap();
        }
        Ok(report)
    };
    room.write("Dockerfile", SOURCE);
    let ran = room.run(&["fix", "--write"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(room.read("Dockerfile"), b"FROM debian\nRUN b\n");
}
