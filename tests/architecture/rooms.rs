//! The rules about rooms and the owners of outside crates.

use std::collections::{BTreeMap, BTreeSet};

use crate::lexer::{self, Named, Names};
use crate::table::{Room, Table};
use crate::tree::{Refusal, Tree};

/// The crate's own name, by which `src/main.rs` reaches the rooms.
const OWN_NAME: &str = "cocalc_plus";

/// Applies the rules to every file below `src/`.
pub(crate) fn refusals(tree: &Tree, table: &Table) -> Vec<Refusal> {
    let mut found = of_rows(table);
    let files = read(tree, &mut found);
    let test_modules: Vec<&[String]> = files
        .values()
        .flat_map(|names| names.test_modules.iter().map(Vec::as_slice))
        .collect();
    let mut used = BTreeSet::new();
    let mut rooms = BTreeSet::new();
    for (path, names) in &files {
        let module = module_of(path);
        if test_modules.iter().any(|test| module.starts_with(test)) {
            continue;
        }
        let file = File { path, table, names };
        rooms.insert(file.room());
        found.extend(file.edges(&mut used));
        found.extend(file.outside_crates());
    }
    found.extend(of_presence(table, &rooms));
    found.extend(of_unused(table, &used));
    found
}

/// Lexes the crate; what does not lex is refused.
fn read<'a>(tree: &'a Tree, found: &mut Vec<Refusal>) -> BTreeMap<&'a str, Names> {
    let mut files = BTreeMap::new();
    for (path, text) in tree.files("src/", &["rs"]) {
        match lexer::names(text, module_of(path)) {
            Ok(names) => {
                files.insert(path, names);
            }
            Err(cause) => found.push(Refusal::new(path, 1, format!("does not lex: {cause}"))),
        }
    }
    files
}

/// One file with the table that it is held against.
struct File<'a> {
    path: &'a str,
    table: &'a Table,
    names: &'a Names,
}

impl File<'_> {
    fn room(&self) -> String {
        module_of(self.path)
            .into_iter()
            .next()
            .unwrap_or_else(|| "lib".to_owned())
    }

    /// Refuses what the room may not import; notes in `used` what it may.
    fn edges(&self, used: &mut BTreeSet<(String, String)>) -> Vec<Refusal> {
        let from = self.room();
        let mut found = Vec::new();
        for line in &self.names.exported_macros {
            found.push(self.refuse(
                *line,
                "the crate root exports no name: `macro_export`".into(),
            ));
        }
        for named in &self.names.paths {
            match target(named) {
                Target::Root => found.push(self.refuse(
                    named.line,
                    "the crate root has no other name and no glob: name the room".into(),
                )),
                Target::Room(to) if to != from => match self.judge(&from, &to) {
                    Ok(()) => {
                        used.insert((from.clone(), to));
                    }
                    Err(reason) => found.push(self.refuse(named.line, reason)),
                },
                Target::Room(_) | Target::Outside(_) => {}
            }
        }
        found
    }

    fn judge(&self, from: &str, to: &str) -> Result<(), String> {
        let row = |name: &str| self.table.rooms.iter().find(|room| room.name == name);
        let Some(_) = row(to) else {
            return Err(format!("`{to}` is no room: it has no row in the table"));
        };
        match row(from) {
            Some(room) if room.imports.contains(&to) => Ok(()),
            Some(Room { reason, .. }) => Err(format!("`{from}` may not import `{to}`: {reason}")),
            None => Err(format!(
                "`{from}` imports `{to}` and has no row in the table"
            )),
        }
    }

    fn outside_crates(&self) -> Vec<Refusal> {
        let from = self.room();
        let mut found = Vec::new();
        for named in &self.names.paths {
            let Target::Outside(outside) = target(named) else {
                continue;
            };
            let owner = self.table.owners.iter().find(|row| row.outside == outside);
            if let Some(owner) = owner
                && !owner.rooms.contains(&from.as_str())
                && !self.names.ours.contains(&outside)
            {
                let owners = owner.rooms.join("`, `");
                found.push(self.refuse(
                    named.line,
                    format!(
                        "`{from}` may not name `{outside}`, which `{owners}` owns: {}",
                        owner.reason
                    ),
                ));
            }
        }
        found
    }

    fn refuse(&self, line: usize, text: String) -> Refusal {
        Refusal::new(self.path, line, text)
    }
}

/// What a path leads to.
enum Target {
    /// A name below the crate's root.
    Room(String),
    /// The crate's root itself, renamed or by a glob.
    Root,
    /// The first word of any other path.
    Outside(String),
}

fn target(named: &Named) -> Target {
    let first = named.segments[0].as_str();
    let supers = named.segments.iter().take_while(|word| *word == "super");
    let rise = supers.count();
    let absolute: Vec<&String> = match first {
        "crate" | OWN_NAME => named.segments[1..].iter().collect(),
        "self" => named.module.iter().chain(&named.segments[1..]).collect(),
        "super" => {
            let kept = named.module.len().saturating_sub(rise);
            let module = named.module[..kept].iter();
            module.chain(&named.segments[rise..]).collect()
        }
        _ => return Target::Outside(first.to_owned()),
    };
    match absolute.first() {
        Some(room) if *room != "*" => Target::Room((*room).clone()),
        _ => Target::Root,
    }
}

/// `src/ssh/master.rs` is `["ssh", "master"]`, `src/lib.rs` is `[]`.
fn module_of(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if module == ["lib"] || module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    module
}

fn of_rows(table: &Table) -> Vec<Refusal> {
    let layer = |name: &str| {
        let row = table.rooms.iter().find(|room| room.name == name);
        row.map(|room| room.layer)
    };
    let mut found = Vec::new();
    for room in table.rooms {
        for import in room.imports {
            match layer(import) {
                Some(layer) if layer < room.layer => {}
                Some(_) => found.push(Refusal::of_table(format!(
                    "the row of `{}` imports `{import}`, which is not strictly lower",
                    room.name
                ))),
                None => found.push(Refusal::of_table(format!(
                    "the row of `{}` imports `{import}`, which has no row",
                    room.name
                ))),
            }
        }
    }
    found
}

fn of_presence(table: &Table, rooms: &BTreeSet<String>) -> Vec<Refusal> {
    let has_row = |name: &str| name == "lib" || table.rooms.iter().any(|room| room.name == name);
    let rowless = rooms.iter().filter(|name| !has_row(name));
    let missing = table.rooms.iter().filter(|room| !rooms.contains(room.name));
    rowless
        .map(|name| format!("the room `{name}` has no row"))
        .chain(missing.map(|room| format!("the row `{}` has no room", room.name)))
        .map(Refusal::of_table)
        .collect()
}

fn of_unused(table: &Table, used: &BTreeSet<(String, String)>) -> Vec<Refusal> {
    let mut found = Vec::new();
    for room in table.rooms {
        for import in room.imports {
            if !used.contains(&(room.name.to_owned(), (*import).to_owned())) {
                found.push(Refusal::of_table(format!(
                    "nobody uses the permission `{}` → `{import}`",
                    room.name
                )));
            }
        }
    }
    found
}
