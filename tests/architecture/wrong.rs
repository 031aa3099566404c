//! The rules prove themselves: each refuses its own small wrong source.

use crate::refusals;
use crate::table::{Folder, Owner, Room, Table};
use crate::tree::Tree;

const SMALL: Table = Table {
    rooms: &[
        Room {
            name: "sys",
            layer: 0,
            imports: &[],
            reason: "the OS edge stands below everything",
        },
        Room {
            name: "lite",
            layer: 1,
            imports: &["sys"],
            reason: "Lite stays neutral",
        },
    ],
    owners: &[Owner {
        outside: "axum",
        rooms: &["lite"],
        reason: "HTTP stands in the rooms that serve it",
    }],
    folders: &[
        Folder {
            name: "model",
            imports: &[],
            reason: "the model knows no DOM and no network",
        },
        Folder {
            name: "net",
            imports: &["model"],
            reason: "the network knows no action",
        },
    ],
};

const ROOT: (&str, &str) = ("src/lib.rs", "//! Crate.\npub mod lite;\npub mod sys;\n");
const SYS: (&str, &str) = ("src/sys.rs", "//! Sys.\n");
const LITE: (&str, &str) = ("src/lite.rs", "//! Lite.\nuse crate::sys::clock;\n");

/// Lists what is refused in a right crate with `files` laid over it.
fn refused(files: &[(&str, &str)]) -> Vec<String> {
    refused_by(&SMALL, files)
}

fn refused_by(table: &Table, files: &[(&str, &str)]) -> Vec<String> {
    let tree = Tree::of(&[&[ROOT, SYS, LITE], files].concat());
    refusals(&tree, table)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[track_caller]
fn assert_refused(files: &[(&str, &str)], expected: &str) {
    let found = refused(files);
    assert!(
        found.len() == 1 && found[0].contains(expected),
        "expected one refusal with «{expected}», found {found:#?}"
    );
}

#[track_caller]
fn assert_sys_refused(body: &str, expected: &str) {
    let text = format!("//! Sys.\n{body}\n");
    assert_refused(&[("src/sys/clock.rs", &text)], expected);
}

#[test]
fn a_right_crate_passes() {
    let words = "//! Sys: `crate::lite`.\n\
        // crate::lite::x\n\
        /// See crate::lite::x.\n\
        pub const WORDS: &str = \"crate::lite::x\";\n\
        pub(crate) fn run(x: self::Inner) { x.axum::<u8>(); super::clock::now(); }\n\
        #[cfg(test)]\n#[allow(unused)]\npub(crate) mod tests { use crate::lite::x; }\n\
        #[cfg(test)]\nmod slow;\n";
    let slow = "//! Slow tests.\nuse crate::lite::x;\n";
    let shadow = "//! Ours.\nmod axum;\nfn run() { axum::serve(); }\n";
    let page = "import { b } from \"./b\";\nimport c from 'c';\n// import \"../net/x\"\n";
    let found = refused(&[
        ("src/sys/words.rs", words),
        ("src/sys/words/slow.rs", slow),
        ("src/sys/shadow.rs", shadow),
        ("src/web/app/src/model/a.ts", page),
        ("src/web/app/src/model/a.test.ts", "import \"../net/x\";"),
        ("src/web/app/src/main.ts", "import \"./net/x\";"),
    ]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn an_edge_outside_the_table_is_refused_however_it_is_spelled() {
    let refusal = "`src/sys/clock.rs:2`: `sys` may not import `lite`: the OS edge stands below";
    for body in [
        "use crate::lite::http;",
        "use crate::{lite::{http, auth as a}};",
        "use {crate::lite, std::fs};",
        "use super::super::lite::http;",
        "use super::super::{lite};",
        "fn run() { crate::lite::http::serve(); }",
        "fn run() { log!(\"{}\", crate::lite::VERSION); }",
        "macro_rules! m { () => { $crate::lite::http() } }",
        "use cocalc_plus::lite;",
        "mod inner { use super::super::super::lite::x; }",
        "#[derive(crate::lite::Shape)] struct X;",
        "fn run(x: Vec<crate::lite::X>) {}",
        "#[cfg(not(test))] mod inner { use crate::lite::x; }",
    ] {
        assert_sys_refused(body, refusal);
    }
}

#[test]
fn the_root_has_no_alias_and_no_glob() {
    for body in [
        "use crate as c;",
        "use crate::*;",
        "use super::super::{self as root};",
    ] {
        assert_sys_refused(body, "the crate root has no other name and no glob");
    }
}

#[test]
fn a_name_exported_by_the_root_is_refused() {
    for (line, shown) in [
        ("pub use sys::clock;", "not `pub use sys"),
        ("pub fn run() {}", "not `pub fn run"),
        ("mod hidden { }", "not `mod hidden"),
    ] {
        let root = format!("{}{line}\n", ROOT.1);
        assert_refused(&[("src/lib.rs", &root)], shown);
    }
    assert_sys_refused(
        "#[macro_export] macro_rules! m { () => {} }",
        "exports no name",
    );
}

#[test]
fn a_room_and_its_row_come_together() {
    assert_refused(
        &[("src/host.rs", "//! Host.\n")],
        "the room `host` has no row",
    );
    assert_sys_refused("use crate::ghost::x;", "`ghost` is no room");
    let more = [Room {
        name: "host",
        layer: 2,
        imports: &[],
        reason: "",
    }];
    let rooms: &'static [Room] = Box::leak(Box::new(more));
    let found = refused_by(&Table { rooms, ..SMALL }, &[]);
    assert!(
        found
            .iter()
            .any(|text| text.contains("the row `host` has no room")),
        "{found:#?}"
    );
}

#[test]
fn a_permission_nobody_uses_is_refused() {
    assert_refused(
        &[(
            "src/lite.rs",
            "//! Lite.\n#[cfg(test)]\nmod tests { use crate::sys::clock; }\n",
        )],
        "nobody uses the permission `lite` → `sys`",
    );
}

#[test]
fn a_row_imports_only_strictly_lower_rows() {
    const LEVEL: &[Room] = &[
        Room {
            name: "sys",
            layer: 1,
            imports: &[],
            reason: "",
        },
        Room {
            name: "lite",
            layer: 1,
            imports: &["sys"],
            reason: "",
        },
    ];
    let found = refused_by(
        &Table {
            rooms: LEVEL,
            ..SMALL
        },
        &[],
    );
    assert!(
        found.len() == 1 && found[0].contains("imports `sys`, which is not strictly lower"),
        "{found:#?}"
    );
}

#[test]
fn an_outside_crate_has_its_owner() {
    let refusal = "`sys` may not name `axum`, which `lite` owns: HTTP stands";
    for body in [
        "use axum;",
        "use axum::{self, Router};",
        "use ::axum::Router;",
        "extern crate axum;",
        "fn run() { ::axum::serve(); }",
        "#[axum::debug] fn run() {}",
    ] {
        assert_sys_refused(body, refusal);
    }
    let lite = format!("{}use axum::Router;\n", LITE.1);
    assert!(refused(&[("src/lite.rs", &lite)]).is_empty());
}

#[test]
fn every_file_opens_with_its_doc() {
    assert_refused(
        &[("src/sys/dirs.rs", "use std::fs;\n")],
        "`src/sys/dirs.rs:1`: a file opens",
    );
    assert_refused(
        &[("tests/x.rs", "// No.\n")],
        "a file opens with its `//!` doc",
    );
}

#[test]
fn what_does_not_lex_is_refused() {
    assert_sys_refused("fn run( {", "does not lex");
}

#[test]
fn a_protocol_body_names_no_identity() {
    const WITH_PROTOCOL: &[Room] = &[
        SMALL.rooms[0],
        SMALL.rooms[1],
        Room {
            name: "protocol",
            layer: 0,
            imports: &[],
            reason: "",
        },
    ];
    let table = Table {
        rooms: WITH_PROTOCOL,
        ..SMALL
    };
    for body in [
        "pub struct Ask { pub account_id: String }",
        "pub enum Ask { One { project_id: u8 } }",
        "pub struct Ask { #[serde(rename = \"account_id\")] pub who: String }",
    ] {
        let text = format!("//! Protocol.\n{body}\npub fn subject(project_id: &str) {{}}\n");
        let found = refused_by(&table, &[("src/protocol/ask.rs", &text)]);
        assert!(
            found.len() == 1 && found[0].contains("`src/protocol/ask.rs:2`: a body has no `"),
            "{found:#?}"
        );
    }
}

#[test]
fn the_page_imports_leftward() {
    for line in [
        "import { x } from \"../net/socket\";",
        "import {\n  x,\n  y,\n} from '../net/socket';",
        "import type { X } from \"../net/socket\";",
        "import \"../net/socket\";",
        "const x = await import(\"../net/socket\");",
        "export * from \"../net/socket\";",
    ] {
        assert_refused(
            &[("src/web/app/src/model/a.ts", line)],
            "`model` may not import `net`: the model knows no DOM and no network",
        );
    }
    assert_refused(
        &[("src/web/app/src/net/a.ts", "import \"../../package\";")],
        "leaves `src/web/app/src/`",
    );
    assert_refused(
        &[("src/web/app/src/odd/a.ts", "")],
        "the folder `odd` has no row",
    );
    let found = refused(&[("src/web/app/src/net/a.ts", "import \"../model/b\";")]);
    assert!(found.is_empty(), "{found:#?}");
}
