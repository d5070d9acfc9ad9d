//! The page's program in parts: what the first page needs at once, the rest when it is shown.

use std::{collections::BTreeMap, ops::Range, path::Path};

use anyhow::{Result, anyhow, ensure};
use wasm_encoder::{EntityType, ImportSection, Module, RawSection};
use wasm_split_cli_support::{Options, transform};
use wasmparser::{Parser, Payload};

use crate::files;

/// Who needs what: the files of each part, without their endings.
type Needs = BTreeMap<String, Vec<String>>;

/// Where [`Needs`] are kept for those who ask how large the parts are.
const NEEDS: &str = "target/front/parts.json";

/// The script that loads the parts. The name is long enough for tools that put a hash in its place.
const LOADER: &str = "__wasm_split.______________________.js";

/// What the first page may weigh as sent: 200 KiB, all its files together.
const BUDGET: usize = 200 * 1024;

/// Which part is the first: it has what everybody sees, whether they have to sign in or not.
const FIRST: &str = "first";

/// Takes `wasm` apart: writes all parts but the main one to `package`, and that to `main`.
pub(crate) fn split(wasm: &[u8], main: &Path, package: &Path) -> Result<()> {
    let mut options = Options::new(wasm);
    options.output_dir = package;
    options.main_out_path = main;
    options.main_module = "./monoxide.js";
    let loader = format!("./{LOADER}");
    options.link_name = &loader;
    let split = transform(options).map_err(|error| anyhow!("cannot split the page: {error:#}"))?;
    for part in split.split_modules {
        files::write(&part, &without_names(&files::read(&part)?)?)?;
    }
    let needs: Needs = split.prefetch_map.into_iter().collect();
    files::write(Path::new(NEEDS), &serde_json::to_vec(&needs)?)
}

/// A module without its custom sections: names of functions, mostly, which no browser needs.
fn without_names(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if matches!(payload, Payload::CustomSection(_)) {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            module.section(&RawSection { id, data: part(wasm, range)? });
        }
    }
    Ok(module.finish())
}

/// Takes the hashes out of the names by which the main part and its script know each other. Nothing
/// packs worse, and the two are made together.
pub(crate) fn shorten_names(package: &Path) -> Result<()> {
    let (wasm, script) = (package.join("monoxide.wasm"), package.join("monoxide.js"));
    let (module, names) = with_short_names(&files::read(&wasm)?)?;
    let mut text = String::from_utf8(files::read(&script)?)?;
    for (long, short) in &names {
        text = text.replace(long, short);
    }
    files::write(&wasm, &module)?;
    files::write(&script, text.as_bytes())
}

/// A module whose imports have no hashes in their names, and which name each has now.
fn with_short_names(wasm: &[u8]) -> Result<(Vec<u8>, BTreeMap<String, String>)> {
    let (mut module, mut names) = (Module::new(), BTreeMap::new());
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if let Payload::ImportSection(imports) = payload {
            let mut section = ImportSection::new();
            for import in imports.into_imports() {
                let import = import?;
                let name = short(import.name, names.len());
                let name = names.entry(import.name.to_owned()).or_insert(name);
                section.import(import.module, name, EntityType::try_from(import.ty)?);
            }
            module.section(&section);
        } else if let Some((id, range)) = payload.as_section() {
            module.section(&RawSection { id, data: part(wasm, range)? });
        }
    }
    Ok((module.finish(), names))
}

/// `__wbg_get_0123456789abcdef` as `__wbg_get_7`, where that is the seventh; a name without a hash
/// as it is.
fn short(name: &str, nth: usize) -> String {
    let is_hash = |end: &str| end.len() == 16 && end.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name.rsplit_once('_') {
        Some((rest, end)) if is_hash(end) => format!("{rest}_{nth}"),
        _ => name.to_owned(),
    }
}

fn part(wasm: &[u8], range: Range<u64>) -> Result<&[u8]> {
    Ok(&wasm[usize::try_from(range.start)?..usize::try_from(range.end)?])
}

/// What the parts of the page in `site` weigh as sent.
pub(crate) fn weigh(site: &Path) -> Result<String> {
    let weights = weights(&site.join("_pkg"))?;
    let said = weights.iter().map(|(name, weight)| format!("{name} {}", kilobytes(*weight)));
    Ok(said.collect::<Vec<_>>().join(", "))
}

/// Checks that the first page of `site` does not weigh more than it may.
pub(crate) fn check(site: &Path) -> Result<String> {
    let weight = weights(&site.join("_pkg"))?[FIRST];
    ensure!(
        weight <= BUDGET,
        "the first page weighs {} kB brotli, and may weigh {}: something that is not needed at once \
         is named by what is (app/src/chunks.rs)",
        kilobytes(weight),
        kilobytes(BUDGET),
    );
    Ok(format!("{} of {} kB brotli", kilobytes(weight), kilobytes(BUDGET)))
}

/// What is loaded for each part.
fn weights(package: &Path) -> Result<BTreeMap<String, usize>> {
    let sent = |name: &str| -> Result<usize> {
        let plain = package.join(name);
        let twin = package.join(format!("{name}.br"));
        let smallest = if twin.exists() { twin } else { plain };
        Ok(files::read(&smallest)?.len())
    };
    let first = ["monoxide.wasm", "monoxide.js", "monoxide.css", LOADER];
    let first = first.into_iter().map(sent).sum::<Result<usize>>()?;
    let mut weights = BTreeMap::from([(FIRST.to_owned(), first)]);
    let needs: Needs = serde_json::from_slice(&files::read(Path::new(NEEDS))?)?;
    for (name, parts) in needs {
        let weight =
            parts.iter().map(|part| sent(&format!("{part}.wasm"))).sum::<Result<usize>>()?;
        weights.insert(name, weight);
    }
    Ok(weights)
}

fn kilobytes(bytes: usize) -> String {
    format!("{}.{}", bytes / 1000, bytes % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use wasm_encoder::MemoryType;

    use super::*;

    const MEMORY: MemoryType = MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    };

    #[test]
    fn hashes_leave_the_names_of_imports_and_each_stays_one_of_its_kind() {
        let hash = "0123456789abcdef";
        let module = |names: &[String]| {
            let mut imports = ImportSection::new();
            for name in names {
                imports.import("./page.js", name, EntityType::Memory(MEMORY));
            }
            let mut module = Module::new();
            module.section(&imports);
            module.finish()
        };
        let long = [
            format!("__wbg_get_{hash}"),
            "__wbg_memory".to_owned(),
            format!("__wbg_get_f{}", &hash[1..]),
        ];

        let (wasm, names) = with_short_names(&module(&long)).unwrap();

        let short = long.map(|name| names[&name].clone());
        assert_eq!(short, ["__wbg_get_0", "__wbg_memory", "__wbg_get_2"]);
        assert_eq!(wasm, module(&short));
    }

    #[test]
    fn a_module_loses_its_names_and_nothing_else() {
        let mut named = Module::new();
        let types = RawSection { id: 1, data: &[0] };
        named.section(&types);
        named.section(&wasm_encoder::CustomSection { name: "name".into(), data: [1][..].into() });
        let mut plain = Module::new();
        plain.section(&types);

        assert_eq!(without_names(&named.finish()).unwrap(), plain.finish());
    }
}
