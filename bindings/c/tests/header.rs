//! `include/rsocket.h` is what the sources say. `UPDATE_HEADER=1 cargo test -p rsocket-c` rewrites
//! it where it is not.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::fs;
use std::path::{Path, PathBuf};

use rsocket::option::{self, Access, ValueKind};

/// The sources of the sections, in the order of use.
const SECTIONS: &[&str] = &[
    "types",
    "make",
    "io",
    "message",
    "batch",
    "unix",
    "address",
    "option",
    "netlink",
    "activation",
    "text",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name)
}

/// The `//!` lines at the head of a source: the title of its section.
fn title(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//! "));
    lines.collect::<Vec<_>>().join("\n * ")
}

fn version() -> String {
    let number = |name: &str, value: &str| format!("#define RSOCKET_VERSION_{name} {value}\n");
    [
        "/* The version of this header; rsocket_version() is that of the library. */\n",
        &number("MAJOR", env!("CARGO_PKG_VERSION_MAJOR")),
        &number("MINOR", env!("CARGO_PKG_VERSION_MINOR")),
        &number("PATCH", env!("CARGO_PKG_VERSION_PATCH")),
        &number("STRING", concat!("\"", env!("CARGO_PKG_VERSION"), "\"")),
        "#define RSOCKET_VERSION_NUMBER(major, minor, patch) \\\n",
        "    (((major) << 16) | ((minor) << 8) | (patch))\n",
        "#define RSOCKET_VERSION \\\n",
        "    RSOCKET_VERSION_NUMBER(RSOCKET_VERSION_MAJOR, RSOCKET_VERSION_MINOR, \\\n",
        "                           RSOCKET_VERSION_PATCH)",
    ]
    .concat()
}

/// Every integer option of the core's table, as a name of ours.
fn options() -> String {
    let mut text = String::from(
        "/* An option by its level and number, as Linux has them on every common machine. */\n\
         #define RSOCKET_OPTION(level, number) (((level) << 16) | (number))\n",
    );
    let mut level = 0;
    for row in option::TABLE.iter().filter(|row| row.value.is_int()) {
        if row.level != level {
            level = row.level;
            text.push_str(&format!("\n/* {} */\n", row.level_name));
        }
        let unit = match row.value {
            ValueKind::Bool => "0 or 1",
            ValueKind::Seconds => "seconds",
            ValueKind::Milliseconds => "milliseconds",
            ValueKind::Microseconds => "microseconds",
            ValueKind::UnsignedInt => "unsigned",
            _ => "int",
        };
        let access = match row.access {
            Access::Get => ", get only",
            Access::Set => ", set only",
            Access::GetSet => "",
        };
        let value = format!("RSOCKET_OPTION({}, {})", row.level, row.number);
        let name = format!("#define RSOCKET_{}", row.name);
        text.push_str(&format!("{name:<44} {value} /* {unit}{access} */\n"));
    }
    text.push('\n');
    text
}

fn section(name: &str) -> String {
    let path = source(&format!("{name}.rs"));
    let text = fs::read_to_string(&path).unwrap();
    let mut config = cbindgen::Config::from_file(root().join("bindings/c/cbindgen.toml")).unwrap();
    config.header = None;
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(&path)
        .generate()
        .unwrap();
    let mut printed = Vec::new();
    bindings.write(&mut printed);
    // Annotations leave an empty line behind, and attributes stand in the first column.
    let printed = String::from_utf8(printed).unwrap();
    let mut printed = printed
        .replace("\n *\n */", "\n */")
        .replace("\nRSOCKET_", "\n    RSOCKET_");
    // cbindgen forgets that a constant is unsigned, so that `~` of it would be negative, and leaves a
    // sign without parentheses.
    printed = printed.replace(" (1 << ", " (1U << ");
    if let Some((before, value)) = printed.split_once("_BASE -") {
        let (number, behind) = value.split_once('\n').unwrap();
        printed = format!("{before}_BASE (-{number})\n{behind}");
    }
    // A structure of the same section is printed by its tag, of another one by its name.
    for name in ["rsocket_nl", "rsocket_msg", "rsocket_cred"] {
        printed = printed.replace(&format!("struct {name} *"), &format!("{name} *"));
    }
    let rule = "=".repeat(76);
    let before = if name == "option" {
        options()
    } else {
        String::new()
    };
    format!(
        "/* {rule}\n * {}\n * {rule} */\n\n{before}{}\n",
        title(&text),
        printed.trim()
    )
}

fn header() -> String {
    let preamble = fs::read_to_string(source("preamble.h")).unwrap();
    let mut header = preamble.replace("@VERSION@", &version());
    for name in SECTIONS {
        header.push_str(&section(name));
        header.push('\n');
    }
    header.push_str("#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
    header
}

#[test]
fn the_header_is_what_the_sources_say() {
    let path = root().join("include/rsocket.h");
    let fresh = header();
    if std::env::var_os("UPDATE_HEADER").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &fresh).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let differs = committed
        .lines()
        .zip(fresh.lines())
        .position(|(old, new)| old != new);
    assert!(
        committed == fresh,
        "include/rsocket.h is stale from line {} on: UPDATE_HEADER=1 cargo test -p rsocket-c",
        differs.unwrap_or(0) + 1
    );
}

/// cbindgen drops what it cannot print, a function made by a macro among them, without a word.
#[test]
fn every_function_is_in_the_header() {
    let header = header();
    for name in SECTIONS {
        let text = fs::read_to_string(source(&format!("{name}.rs"))).unwrap();
        for line in text
            .lines()
            .filter(|line| line.contains("extern \"C\" fn rsocket_"))
        {
            let name = line
                .split("fn ")
                .nth(1)
                .and_then(|rest| rest.split('(').next())
                .unwrap();
            assert!(
                header.contains(&format!("{name}(")),
                "{name} is not in the header"
            );
        }
    }
}

/// What a caller asks of each function: what comes back, and where it may be called.
#[test]
fn every_function_says_what_comes_back_and_where_it_may_be_called() {
    let header = header();
    let mut functions = 0;
    for item in header.split("\n/**\n").skip(1) {
        let Some((comment, declared)) = item.split_once(" */\n") else {
            continue;
        };
        let declaration = declared.split(';').next().unwrap_or_default();
        let Some((result, _)) = declaration.split_once('(') else {
            continue;
        };
        if declaration.starts_with("typedef") || declaration.starts_with("#define") {
            continue;
        }
        functions += 1;
        let returns = comment.contains(" * Returns") || result.starts_with("void rsocket");
        for (said, what) in [
            (returns, "what it returns"),
            (comment.contains("MT-safe"), "whether threads may share it"),
            (
                comment.contains("sync-signal-safe"),
                "whether handlers may call it",
            ),
            (comment.contains("ancellation"), "what cancellation does"),
        ] {
            assert!(said, "{result} does not say {what}");
        }
    }
    assert!(functions > 60, "only {functions} functions were found");
    for line in header.lines() {
        assert!(line.len() <= 100, "too long: {line}");
    }
}
