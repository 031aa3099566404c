//! The methods as TypeScript, for the page.

use std::any::TypeId;
use std::collections::HashSet;
use std::fmt::Write as _;

use ts_rs::{Config, TS, TypeVisitor};

use crate::protocol::methods::{self, About, Effect, Replies};

/// Where it lies below the repository's root.
pub(crate) const PATH: &str = "src/web/app/src/model/methods.ts";

const HEAD: &str = "\
/**
 * What a project answers, as `src/protocol/methods` defines it.
 *
 * Generated: `UPDATE_GENERATED=1 cargo test --test generated`.
 */
";

/// Returns the whole file.
pub(crate) fn render() -> String {
    let mut text = HEAD.to_owned();
    for shape in shapes() {
        write!(text, "\n{}export {}\n", shape.docs, shape.declaration).expect("it is a string");
    }
    text.push_str("\n/** What is asked and answered. */\nexport interface Methods {\n");
    for about in methods::all() {
        let (request, reply) = (ident(about.request), ident(about.reply));
        let replies = match about.replies {
            Replies::One => "one",
            Replies::Many => "many",
        };
        write!(
            text,
            "  /** {} */\n  \"{}\": {{ request: {request}; reply: {reply}; replies: \"{replies}\" }};\n",
            sentence(about),
            about.name
        )
        .expect("it is a string");
    }
    text.push_str("}\n\n/** The name of a method. */\nexport type MethodName = keyof Methods;\n");
    text.push_str("\n/** The methods that change nothing: who lost the reply asks again. */\n");
    text.push_str("export const READS: ReadonlySet<MethodName> = new Set<MethodName>([\n");
    for about in methods::all().filter(|about| about.effect == Effect::Reads) {
        writeln!(text, "  \"{}\",", about.name).expect("it is a string");
    }
    text.push_str("]);\n");
    text
}

/// What a method does, on one line.
pub(crate) fn sentence(about: &About) -> String {
    let lines: Vec<&str> = about.about.iter().map(|line| line.trim()).collect();
    lines.join(" ")
}

/// The name of a type without the module before it.
pub(crate) fn ident(name: &str) -> &str {
    name.rsplit("::").next().expect("it is not empty")
}

/// One type in TypeScript.
pub(crate) struct Shape {
    /// `/** … */` and a line end, or nothing.
    pub(crate) docs: String,
    /// `type Place = { path: string };`
    pub(crate) declaration: String,
}

/// Returns the types of all methods by their names; the derive does not show
/// them in the same order twice.
pub(crate) fn shapes() -> Vec<Shape> {
    let mut collected = Collected {
        config: Config::new().with_large_int("number"),
        known: HashSet::new(),
        shapes: Vec::new(),
    };
    methods::visit_types(&mut collected);
    let mut shapes = collected.shapes;
    shapes.sort_by(|one, other| one.declaration.cmp(&other.declaration));
    shapes
}

struct Collected {
    config: Config,
    known: HashSet<TypeId>,
    shapes: Vec<Shape>,
}

impl TypeVisitor for Collected {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if T::output_path().is_none() || !self.known.insert(TypeId::of::<T>()) {
            return;
        }
        T::visit_dependencies(self);
        self.shapes.push(Shape {
            docs: tidy(&T::docs().unwrap_or_default()),
            declaration: indented(&tidy(&T::decl(&self.config))),
        });
    }
}

/// Writes comments of one line on one, and names of Rust without their links.
fn tidy(text: &str) -> String {
    let words = text.replace("[`", "`").replace("`]", "`");
    let words = words.replace("super::", "").replace("{ \n", "{\n");
    let mut tidy = String::new();
    for comment in words.split_inclusive("*/\n") {
        let (before, inner) = comment.split_once("/**\n").unwrap_or((comment, ""));
        tidy.push_str(&before.replace(", \n", ",\n"));
        if inner.is_empty() {
            continue;
        }
        tidy.push_str(&match inner.lines().count() {
            2 => format!("/**{}", inner[2..].replace("\n */", " */")),
            _ => format!("/**\n{inner}"),
        });
    }
    tidy
}

/// Puts two blanks before the fields of a declaration.
fn indented(declaration: &str) -> String {
    let lines = declaration.split('\n').enumerate();
    let line = |(number, line): (usize, &str)| match number {
        0 => line.to_owned(),
        _ => format!("\n  {line}"),
    };
    let text: String = lines.map(line).collect();
    text.replace(", };", ",\n};")
}
