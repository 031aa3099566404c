//! The table: who may import whom, and why.
//!
//! A row arrives with its room. A permission that nobody uses is refused, so
//! the rows show the crate as it is.

/// Everything the rules compare the sources with.
#[derive(Debug)]
pub(crate) struct Table {
    /// The rooms of `src/`.
    pub(crate) rooms: &'static [Room],
    /// The outside crates which only some rooms may name.
    pub(crate) owners: &'static [Owner],
    /// The folders of `src/web/app/src`.
    pub(crate) folders: &'static [Folder],
}

/// One directory directly under `src/` (or `src/main.rs`, as `main`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// The directory's name.
    pub(crate) name: &'static str,
    /// Its height; it imports only strictly lower layers.
    pub(crate) layer: u8,
    /// The rooms which it imports.
    pub(crate) imports: &'static [&'static str],
    /// Why it imports no more; the failure quotes it.
    pub(crate) reason: &'static str,
}

/// An outside crate and the rooms that may name it.
#[derive(Debug)]
pub(crate) struct Owner {
    /// The crate as Rust spells it (`comfy_table`).
    pub(crate) outside: &'static str,
    /// The rooms that may name it.
    pub(crate) rooms: &'static [&'static str],
    /// Why nobody else; the failure quotes it.
    pub(crate) reason: &'static str,
}

/// A folder of `src/web/app/src`.
#[derive(Debug)]
pub(crate) struct Folder {
    /// The folder's name.
    pub(crate) name: &'static str,
    /// The folders which it imports.
    pub(crate) imports: &'static [&'static str],
    /// Why it imports no more; the failure quotes it.
    pub(crate) reason: &'static str,
}

/// The table of this crate.
pub(crate) const TABLE: Table = Table {
    rooms: ROOMS,
    owners: OWNERS,
    folders: FOLDERS,
};

const ROOMS: &[Room] = &[
    room("sys", 0, &[], "the OS edge stands below everything"),
    room("protocol", 0, &[], "shapes are data; they do no IO"),
    room(
        "daemon",
        1,
        &["sys", "protocol"],
        "leaving the terminal is the same for every server",
    ),
    room(
        "holder",
        1,
        &["sys", "protocol"],
        "a holder outlives the server and must not need it",
    ),
    room(
        "web",
        1,
        &["sys", "protocol"],
        "the tunnel and the server share the assets and origins",
    ),
    room(
        "messaging",
        1,
        &["sys"],
        "the bus routes bytes by subject and knows no hub or project",
    ),
    room(
        "store",
        1,
        &["sys"],
        "what lasts knows no carrier and no hub",
    ),
    room(
        "proxy",
        1,
        &[],
        "forwarding is mechanism; policy is its caller's",
    ),
    room(
        "release",
        2,
        &["sys"],
        "an install happens before any server exists",
    ),
    room(
        "lite",
        2,
        &["sys", "protocol", "messaging", "store", "web"],
        "Lite stays neutral; products build on it",
    ),
    room(
        "project",
        2,
        &["sys", "protocol", "holder", "web"],
        "the project daemon knows messages and the OS, not the hub",
    ),
    room(
        "ssh",
        3,
        &["sys", "protocol", "daemon", "web", "proxy", "release"],
        "remote mode is the client side: no hub and no project code",
    ),
    room(
        "plus",
        4,
        &[
            "sys", "protocol", "daemon", "store", "web", "lite", "project",
        ],
        "the product wires `serve` and knows no target",
    ),
    room(
        "cli",
        5,
        &[
            "sys", "protocol", "daemon", "holder", "release", "ssh", "plus",
        ],
        "one file a subcommand, each calling one room",
    ),
    room("main", 6, &["cli"], "parse, run, exit code"),
];

const OWNERS: &[Owner] = &[
    owner("openssh", &["ssh"], "one room talks to control masters"),
    owner("clap", &["cli"], CLI_PRINTS),
    owner("clap_complete", &["cli"], CLI_PRINTS),
    owner("clap_mangen", &["cli"], CLI_PRINTS),
    owner("comfy_table", &["cli"], CLI_PRINTS),
    owner("indicatif", &["cli"], CLI_PRINTS),
    owner("open", &["cli"], CLI_PRINTS),
    owner("directories", &["sys"], "`sys::dirs` names every place"),
    owner(
        "axum",
        &["web", "proxy", "lite", "project", "ssh"],
        "HTTP stands in the rooms that serve it",
    ),
    owner("rusqlite", &["store"], DATABASE),
    owner("rusqlite_migration", &["store"], DATABASE),
    owner("toml_edit", &["lite"], "one room reads and writes settings"),
    owner("strsim", &["lite"], "one room reads and writes settings"),
    owner("rcgen", &["lite"], CERTIFICATES),
    owner("rustls", &["lite"], CERTIFICATES),
    owner("tokio_rustls", &["web", "lite"], CERTIFICATES),
    owner("vte", &["holder"], SCREEN),
    owner("rustix", &["sys"], OS_EDGE),
    owner("libc", &["sys"], OS_EDGE),
    owner("yamux", &["proxy"], MUX),
    owner("h2", &["proxy"], MUX),
];

const CERTIFICATES: &str = "`lite` has the certificate, and `web` the connections";
const SCREEN: &str = "the holder keeps the parsed screen";
const CLI_PRINTS: &str = "`cli` alone speaks with the person";
const OS_EDGE: &str = "OS differences stand only in `sys`";
const DATABASE: &str = "one room knows what keeps the rows";
const MUX: &str = "one room knows how streams share a channel";

const FOLDERS: &[Folder] = &[
    folder("model", &[], "the model knows no DOM and no network"),
    folder("net", &["model"], "the network knows no action"),
    folder(
        "actions",
        &["model", "net"],
        "an action works without the view that shows it",
    ),
    folder(
        "view",
        &["model", "net", "actions"],
        "the view stands on all the others",
    ),
];

const fn room(
    name: &'static str,
    layer: u8,
    imports: &'static [&'static str],
    reason: &'static str,
) -> Room {
    Room {
        name,
        layer,
        imports,
        reason,
    }
}

const fn owner(
    outside: &'static str,
    rooms: &'static [&'static str],
    reason: &'static str,
) -> Owner {
    Owner {
        outside,
        rooms,
        reason,
    }
}

const fn folder(
    name: &'static str,
    imports: &'static [&'static str],
    reason: &'static str,
) -> Folder {
    Folder {
        name,
        imports,
        reason,
    }
}
