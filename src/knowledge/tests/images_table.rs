//! Names of images, and what they bring.

use super::*;

#[test]
fn images_name_managers_and_profiles_that_exist() {
    let file: crate::knowledge::images::File = toml::from_str(BASE_IMAGES).unwrap();
    let table = crate::knowledge::images::Table::new(file);
    for (name, image) in table.rows() {
        assert!(
            table.has_profile(&image.os),
            "{name}: no profile {}",
            image.os
        );
        for manager in image
            .managers
            .iter()
            .flatten()
            .filter(|manager| *manager != "nix")
        {
            assert!(
                knowledge().system_manager(manager).is_some(),
                "{name}: no manager {manager}"
            );
        }
        if let Some(ready) = &image.ready {
            let parts: Vec<&str> = ready.split(':').collect();
            assert!(
                parts.len() == 3
                    && parts[1].parse::<u32>().is_ok()
                    && parts[2].parse::<u32>().is_ok(),
                "{name}: {ready}"
            );
        }
    }
}

#[test]
fn references_are_taken_apart() {
    let parse = |text: &str| {
        Reference::parse(text).map(|r| {
            (
                r.name,
                r.tag.unwrap_or_default(),
                r.digest.unwrap_or_default(),
            )
        })
    };
    let some = |name: &str, tag: &str, digest: &str| {
        Some((name.to_owned(), tag.to_owned(), digest.to_owned()))
    };
    assert_eq!(parse("python"), some("python", "", ""));
    assert_eq!(parse("python:3.12-slim"), some("python", "3.12-slim", ""));
    assert_eq!(
        parse("docker.io/library/python:3.12"),
        some("python", "3.12", "")
    );
    assert_eq!(parse("docker.io/python:3.12"), some("python", "3.12", ""));
    assert_eq!(parse("library/python"), some("python", "", ""));
    assert_eq!(
        parse("localhost:5000/python"),
        some("localhost:5000/python", "", "")
    );
    assert_eq!(
        parse("localhost:5000/a/python:3@sha256:00"),
        some("localhost:5000/a/python", "3", "sha256:00")
    );
    assert_eq!(parse("arm64v8/debian:12"), some("debian", "12", ""));
    assert_eq!(parse("bitnami/node:18"), some("bitnami/node", "18", ""));
    for none in ["", "$BASE", "python:${V}", "python:", ":3", "a b"] {
        assert_eq!(parse(none), None, "{none}");
    }
}

#[test]
fn images_are_known_by_name_and_tag() {
    let k = knowledge();
    for (reference, family, manager, user, sh) in [
        (
            "debian:bookworm-slim",
            Family::Debian,
            "apt-get",
            "root",
            "dash",
        ),
        ("ubuntu:22.04", Family::Debian, "apt-get", "root", "dash"),
        (
            "docker.io/library/alpine:3.20",
            Family::Alpine,
            "apk",
            "root",
            "busybox",
        ),
        ("i386/debian:11", Family::Debian, "apt-get", "root", "dash"),
        ("node:22", Family::Debian, "apt-get", "root", "dash"),
        (
            "node:22-alpine3.20",
            Family::Alpine,
            "apk",
            "root",
            "busybox",
        ),
        (
            "python:3.12-slim-bookworm@sha256:00",
            Family::Debian,
            "apt-get",
            "root",
            "dash",
        ),
        (
            "openjdk:8u171-jre-alpine3.8",
            Family::Alpine,
            "apk",
            "root",
            "busybox",
        ),
        (
            "openjdk:17-jdk-slim",
            Family::Debian,
            "apt-get",
            "root",
            "dash",
        ),
        ("centos:7", Family::Rhel, "yum", "root", "bash"),
        ("centos:centos7", Family::Rhel, "yum", "root", "bash"),
        ("fedora:latest", Family::Rhel, "dnf", "root", "bash"),
        (
            "registry.fedoraproject.org/fedora:30",
            Family::Rhel,
            "dnf",
            "root",
            "bash",
        ),
        (
            "registry.access.redhat.com/ubi8/ubi-minimal:8.5",
            Family::Rhel,
            "microdnf",
            "root",
            "bash",
        ),
        ("archlinux:base", Family::Arch, "pacman", "root", "bash"),
        ("opensuse/leap:15.6", Family::Suse, "zypper", "root", "bash"),
        (
            "mcr.microsoft.com/dotnet/aspnet:8.0",
            Family::Debian,
            "apt-get",
            "root",
            "dash",
        ),
        (
            "jenkins/jenkins:lts",
            Family::Debian,
            "apt-get",
            "jenkins",
            "dash",
        ),
        ("mysql:8", Family::Rhel, "microdnf", "root", "bash"),
        (
            "busybox:1.31.0-uclibc",
            Family::Busybox,
            "",
            "root",
            "busybox",
        ),
        (
            "gcr.io/distroless/static-debian12:nonroot",
            Family::Distroless,
            "",
            "nonroot",
            "",
        ),
        (
            "mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled",
            Family::Distroless,
            "",
            "1654",
            "",
        ),
        ("scratch", Family::Scratch, "", "root", ""),
    ] {
        let image = k
            .base_image(reference)
            .unwrap_or_else(|| panic!("{reference}: unknown"));
        let managers = image
            .managers()
            .unwrap_or_else(|| panic!("{reference}: managers"));
        assert_eq!(
            (image.family(), managers.first().map_or("", String::as_str)),
            (family, manager),
            "{reference}"
        );
        assert_eq!(
            (image.default_user(), image.sh().unwrap_or_default()),
            (Some(user), sh),
            "{reference}"
        );
    }
    for unknown in [
        "someone/own:1",
        "python@sha256:00",
        "mycorp.example/python:3",
        "$BASE",
    ] {
        assert!(k.base_image(unknown).is_none(), "{unknown}");
    }
}

#[test]
fn what_was_not_read_is_not_known() {
    let k = knowledge();
    let windows = k
        .base_image("golang:1.22-windowsservercore-ltsc2022")
        .unwrap();
    assert_eq!(
        (windows.family(), windows.workdir()),
        (Family::Windows, None)
    );
    let old = k
        .base_image("mcr.microsoft.com/dotnet/core/sdk:3.1-alpine")
        .unwrap();
    assert_eq!(
        (old.family(), old.managers(), old.ready_user()),
        (Family::Unknown, None, None)
    );
    let airflow = k.base_image("apache/airflow:2.9").unwrap();
    assert_eq!(
        (airflow.shell(), airflow.default_user()),
        (Some("other"), Some("50000"))
    );
    assert_eq!(
        k.base_image("cypress/factory:4").unwrap().has_onbuild(),
        Some(true)
    );
}

#[test]
fn images_bring_users_folders_and_variables() {
    let k = knowledge();
    let node = k.base_image("node:22-slim").unwrap();
    assert_eq!(
        node.ready_user(),
        Some(User {
            name: "node",
            uid: 1000,
            gid: 1000
        })
    );
    assert!(node.docker_clean() && node.is_slim() && node.has_shell("bash") == Some(true));
    assert_eq!(
        node.entrypoint(),
        Entrypoint::Is("[\"docker-entrypoint.sh\"]")
    );
    assert_eq!(k.base_image("python:3.12").unwrap().ready_user(), None);
    assert_eq!(
        k.base_image("python:3.12").unwrap().entrypoint(),
        Entrypoint::Absent
    );
    assert_eq!(k.base_image("golang:1.22").unwrap().workdir(), Some("/go"));
    assert_eq!(
        k.base_image("golang:1.22")
            .unwrap()
            .env()
            .get("GOPATH")
            .map(String::as_str),
        Some("/go")
    );
    assert_eq!(
        k.base_image("rust:1")
            .unwrap()
            .env()
            .get("CARGO_HOME")
            .map(String::as_str),
        Some("/usr/local/cargo")
    );
    assert_eq!(
        k.base_image("postgres:16").unwrap().drops_rights(),
        Some(true)
    );
    assert_eq!(
        k.base_image("alpine").unwrap().has_shell("bash"),
        Some(false)
    );
    assert_eq!(
        k.base_image("bash:5").unwrap().has_shell("bash"),
        Some(true)
    );
    assert_eq!(
        k.base_image("ubuntu:24.04")
            .unwrap()
            .ready_user()
            .map(|user| user.uid),
        Some(1000)
    );
    assert_eq!(k.base_image("ubuntu:22.04").unwrap().ready_user(), None);
}

#[test]
fn siblings_follow_the_grammar_of_tags() {
    let slim = |reference: &str| {
        knowledge()
            .base_image(reference)
            .and_then(|image| image.slim_sibling())
    };
    for (from, to) in [
        ("node:22", "node:22-slim"),
        ("node:22-bookworm", "node:22-bookworm-slim"),
        ("python:3.12", "python:3.12-slim"),
        ("python:3.12-bookworm", "python:3.12-slim-bookworm"),
        (
            "docker.io/library/python:3.12",
            "docker.io/library/python:3.12-slim",
        ),
        ("rust:1.83", "rust:1.83-slim"),
        ("rust:bookworm", "rust:slim-bookworm"),
        ("debian:bookworm", "debian:bookworm-slim"),
        ("openjdk:11-jdk", "openjdk:11-jdk-slim"),
    ] {
        assert_eq!(slim(from).as_deref(), Some(to), "{from}");
    }
    for none in [
        "node",
        "node:latest",
        "node:22-slim",
        "node:22-alpine",
        "node:22@sha256:00",
        "golang:1.22",
        "php:8.3",
        "python:3.12-windowsservercore",
        "openjdk:17-jdk",
        "debian:bookworm-backports",
        "perl:5.40-threaded",
        "oven/bun:1-debian",
    ] {
        assert_eq!(slim(none), None, "{none}");
    }
    let alpine = |reference: &str| {
        knowledge()
            .base_image(reference)
            .and_then(|image| image.alpine_sibling())
    };
    assert_eq!(
        alpine("golang:1.22-bookworm").as_deref(),
        Some("golang:1.22-alpine")
    );
    assert_eq!(alpine("php:8.3-fpm").as_deref(), Some("php:8.3-fpm-alpine"));
    assert_eq!(alpine("php:8.3-apache"), None);
    assert_eq!(
        alpine("python:3.12-slim-bookworm").as_deref(),
        Some("python:3.12-alpine")
    );
}

#[test]
fn slim_images_lack_what_full_ones_hold() {
    let k = knowledge();
    let node = k.base_image("node:22").unwrap();
    assert_eq!(
        (
            node.slim_lacks_program("git"),
            node.slim_lacks_program("node"),
            node.slim_lacks_package("ca-certificates")
        ),
        (Some(true), Some(false), Some(true))
    );
    let rust = k.base_image("rust:1.83").unwrap();
    assert_eq!(
        (
            rust.slim_lacks_program("gcc"),
            rust.slim_lacks_program("make")
        ),
        (Some(false), Some(true))
    );
    assert_eq!(
        k.base_image("swift:6.0").unwrap().slim_lacks_program("git"),
        None
    );
    assert_eq!(k.packages_for("git").unwrap(), ["git", "ca-certificates"]);
    assert!(
        k.build_packages("python", "Pillow")
            .unwrap()
            .contains(&"libjpeg-dev".to_owned())
    );
    assert_eq!(k.build_packages("python", "flask"), None);
}
