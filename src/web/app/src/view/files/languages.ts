/** Which language a file is in; each is a chunk of its own. */

import type { LanguageSupport, StreamParser } from "@codemirror/language";
import { extension } from "../../model/files/paths";

/** A language that can be fetched. */
export interface Language {
  name: string;
  load(): Promise<LanguageSupport>;
}

async function legacy(parser: StreamParser<unknown>): Promise<LanguageSupport> {
  const { LanguageSupport: Support, StreamLanguage } = await import("@codemirror/language");
  return new Support(StreamLanguage.define(parser));
}

const javascript = (options: { jsx?: boolean; typescript?: boolean }) => () =>
  import("@codemirror/lang-javascript").then((module) => module.javascript(options));

const PYTHON: Language = {
  name: "Python",
  load: () => import("@codemirror/lang-python").then((module) => module.python()),
};
const SHELL: Language = {
  name: "Shell",
  load: () => import("@codemirror/legacy-modes/mode/shell").then((module) => legacy(module.shell)),
};
const CPP: Language = { name: "C++", load: () => import("@codemirror/lang-cpp").then((module) => module.cpp()) };
const JSON_LANGUAGE: Language = {
  name: "JSON",
  load: () => import("@codemirror/lang-json").then((module) => module.json()),
};
const YAML: Language = { name: "YAML", load: () => import("@codemirror/lang-yaml").then((module) => module.yaml()) };
const XML: Language = { name: "XML", load: () => import("@codemirror/lang-xml").then((module) => module.xml()) };
const TOML: Language = {
  name: "TOML",
  load: () => import("@codemirror/legacy-modes/mode/toml").then((module) => legacy(module.toml)),
};

const BY_ENDING: readonly (readonly [string, Language])[] = [
  ["py pyi pyw pyx", PYTHON],
  ["js mjs cjs", { name: "JavaScript", load: javascript({}) }],
  ["jsx", { name: "JSX", load: javascript({ jsx: true }) }],
  ["ts mts cts", { name: "TypeScript", load: javascript({ typescript: true }) }],
  ["tsx", { name: "TSX", load: javascript({ jsx: true, typescript: true }) }],
  ["rs", { name: "Rust", load: () => import("@codemirror/lang-rust").then((module) => module.rust()) }],
  ["c h cc cpp cxx hh hpp hxx cu cuh ino", CPP],
  [
    "md markdown mdown mkd",
    { name: "Markdown", load: () => import("@codemirror/lang-markdown").then((module) => module.markdown()) },
  ],
  ["json jsonc ipynb webmanifest", JSON_LANGUAGE],
  ["yaml yml", YAML],
  ["html htm xhtml", { name: "HTML", load: () => import("@codemirror/lang-html").then((module) => module.html()) }],
  ["css scss less", { name: "CSS", load: () => import("@codemirror/lang-css").then((module) => module.css()) }],
  ["sql", { name: "SQL", load: () => import("@codemirror/lang-sql").then((module) => module.sql()) }],
  ["xml svg xsd xsl plist rss", XML],
  ["java", { name: "Java", load: () => import("@codemirror/lang-java").then((module) => module.java()) }],
  ["go", { name: "Go", load: () => import("@codemirror/lang-go").then((module) => module.go()) }],
  ["sh bash zsh ksh profile bashrc sbatch slurm", SHELL],
  ["toml", TOML],
  ["r", { name: "R", load: () => import("@codemirror/legacy-modes/mode/r").then((module) => legacy(module.r)) }],
  [
    "jl",
    { name: "Julia", load: () => import("@codemirror/legacy-modes/mode/julia").then((module) => legacy(module.julia)) },
  ],
];

const NAMES: Record<string, Language> = {
  ".bashrc": SHELL,
  ".bash_profile": SHELL,
  ".profile": SHELL,
  ".zshrc": SHELL,
  ".envrc": SHELL,
  "cargo.lock": TOML,
  ".prettierrc": JSON_LANGUAGE,
  ".clang-format": YAML,
};

const INTERPRETERS: readonly (readonly [RegExp, Language])[] = [
  [/\bpython[\d.]*\b/, PYTHON],
  [/\b(?:ba|z|k|da)?sh\b/, SHELL],
  [/\bnode\b/, { name: "JavaScript", load: javascript({}) }],
];

/** The language of a file by its name, else by its first line; `null` for plain text. */
export function languageOf(name: string, text: string): Language | null {
  const named = NAMES[name.toLowerCase()];
  if (named) return named;
  const ending = extension(name);
  const found = BY_ENDING.find(([endings]) => ending !== "" && endings.split(" ").includes(ending))?.[1];
  if (found) return found;
  const first = text.startsWith("#!") ? text.slice(0, 120).split("\n", 1)[0] : undefined;
  return (first && INTERPRETERS.find(([pattern]) => pattern.test(first))?.[1]) || null;
}
