//! Builds the page in `src/web/app` and embeds it, compressed.
//!
//! Runs npm when the page's sources changed. A crate from the registry carries
//! the built page in `src/web/app/dist` and then needs no Node.
//!
//! Writes `$OUT_DIR/assets.rs`: the table that `src/web/assets.rs` includes.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo's interface to build scripts is the environment, and npm is a process"
)]

use std::env;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use sha2::Digest;
use sha2::Sha256;

/// What the page is built from, below `src/web/app`.
const SOURCES: [&str; 7] = [
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.mjs",
    "tsconfig.json",
];

/// What the page's `<meta>` holds until its hash is known.
const PLACEHOLDER: &str = "__UI_HASH__";

fn main() {
    let app = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"))
        .join("src/web/app");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    for source in SOURCES {
        println!("cargo:rerun-if-changed={}", app.join(source).display());
    }
    println!("cargo:rerun-if-changed=build.rs");
    let built = app.join("dist");
    let built = if built.is_dir() {
        built
    } else {
        build(&app, &out.join("web"))
    };
    embed(&built, &out.join("assets.rs"));
}

/// Runs npm; the failure's message is the next step to type.
fn build(app: &Path, out: &Path) -> PathBuf {
    let lock = fs::read(app.join("package-lock.json")).expect("package-lock.json is in the tree");
    // `install/dependencies.sh` leaves and reads the same stamp.
    let stamp = app.join("node_modules/.cocalc-plus-lock");
    if fs::read(&stamp).ok().as_deref() != Some(&lock) {
        npm(app, &["ci", "--no-audit", "--no-fund"]);
        fs::write(&stamp, &lock).expect("node_modules is writable");
    }
    let out_text = out.to_str().expect("cargo's paths are UTF-8");
    npm(
        app,
        &[
            "run",
            "--silent",
            "build",
            "--",
            "--outDir",
            out_text,
            "--emptyOutDir",
            "--logLevel",
            "warn",
        ],
    );
    out.to_owned()
}

fn npm(app: &Path, args: &[&str]) {
    let status = Command::new("npm").args(args).current_dir(app).status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => panic!(
            "`npm {}` failed in src/web/app ({status}); its words are above",
            args.join(" ")
        ),
        Err(error) => panic!(
            "the page is built with Node 20.19 or newer, and npm does not start ({error}): \
             install Node from https://nodejs.org or your system's packages, then build again"
        ),
    }
}

struct File {
    path: String,
    bytes: Vec<u8>,
}

/// Hashes the page, tells it its hash, and writes the table.
fn embed(dir: &Path, table: &Path) {
    let mut files = Vec::new();
    collect(dir, "", &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut whole = Sha256::new();
    for file in &files {
        whole.update(file.path.as_bytes());
        whole.update(Sha256::digest(&file.bytes));
    }
    let hash = hex(&whole.finalize()[..8]);
    let out_dir = table.parent().expect("the table is in a directory");
    let mut text =
        format!("/// The content hash of the page.\nconst UI_HASH: &str = {hash:?};\n\n");
    text.push_str("/// Every file of the page, sorted by path.\nstatic ASSETS: &[Asset] = &[\n");
    for (index, file) in files.iter_mut().enumerate() {
        if file.path == "index.html" {
            let html = String::from_utf8(std::mem::take(&mut file.bytes)).expect("HTML is UTF-8");
            assert!(
                html.contains(PLACEHOLDER),
                "index.html must hold {PLACEHOLDER}"
            );
            file.bytes = html.replace(PLACEHOLDER, &hash).into_bytes();
        }
        let packed = out_dir.join(format!("asset-{index}.gz"));
        fs::write(&packed, gzip(&file.bytes)).expect("OUT_DIR is writable");
        text.push_str(&format!(
            "    Asset {{ path: {:?}, content_type: {:?}, hash: {:?}, gzip: include_bytes!({:?}) }},\n",
            file.path,
            content_type(&file.path),
            hex(&Sha256::digest(&file.bytes)[..8]),
            packed,
        ));
    }
    text.push_str("];\n");
    fs::write(table, text).expect("OUT_DIR is writable");
}

fn collect(dir: &Path, prefix: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(dir).expect("the built page is there") {
        let entry = entry.expect("the built page is readable");
        let name = entry
            .file_name()
            .into_string()
            .expect("built names are UTF-8");
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else {
            files.push(File {
                path,
                bytes: fs::read(entry.path()).expect("the built page is readable"),
            });
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("memory is writable");
    encoder.finish().expect("memory is writable")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" | "webmanifest" => "application/json",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        _ => "text/plain; charset=utf-8",
    }
}
