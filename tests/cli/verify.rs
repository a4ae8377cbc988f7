//! `careen verify`, as far as it goes without a builder; `tests/proofs.rs` goes on.

use crate::room::Room;

#[test]
fn what_cannot_be_verified() {
    let room = Room::new();
    room.write("Dockerfile", "FROM scratch\nrun a\n");
    room.write("other.Dockerfile", "FROM scratch\nrun a\n");
    for (args, complaint, status) in [
        (&["verify"][..], "error: 2 Dockerfiles are found here", 2),
        (
            &["verify", "-"],
            "error: a Dockerfile on standard input can't be verified",
            2,
        ),
        (&["verify", "nosuch"], "nosuch", 2),
        (
            &["verify", "Dockerfile", "--builder", "kaniko"],
            "error: --builder kaniko: can't be driven from here",
            2,
        ),
    ] {
        let ran = room.run(args);
        assert_eq!(ran.status, status, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(complaint), "{args:?}: {}", ran.err);
    }
}

#[test]
fn nothing_to_verify() {
    let room = Room::new();
    room.write("Dockerfile", "FROM scratch\nRUN a\n");
    let ran = room.run(&["verify"]);
    assert_eq!(ran.status, 0);
    assert!(ran.err.contains("nothing to verify"), "{}", ran.err);
}
