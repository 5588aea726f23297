//! Finding a licence: what the authors declare, and failing that what their licence files say.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use spdx::detection::scan::Scanner;
use spdx::detection::{Store, TextData};
use spdx::{Expression, ParseMode};
use toml::Value;

use super::Licence;
use crate::metadata::{PackageInfo, project_table, read_text};

/// How alike a text must be to a licence of the SPDX list; below this it is another licence, or an edited one.
const CONFIDENCE: f32 = 0.9;

/// The licence of a tree. Places are asked in this order, the first clear answer counts: the declared SPDX
/// expression (PEP 639), trove classifiers that name one licence, a licence field that is an SPDX
/// expression or a well-known name, and the text of licence files.
///
/// Where several licences are named without saying how they join, all are taken to hold at once (`AND`),
/// the careful reading.
pub fn detect(tree: &Path) -> Licence {
    let info = PackageInfo::of(tree);
    let project = project_table(tree);
    let declared = info
        .as_ref()
        .and_then(|info| info.get("License-Expression"))
        .and_then(spdx)
        .map(|expression| Licence::found(expression, "PKG-INFO License-Expression"));
    declared
        .or_else(|| {
            let text = project.as_ref()?.get("license")?.as_str()?;
            Some(Licence::found(spdx(text)?, "pyproject.toml license"))
        })
        .or_else(|| {
            let info = info.as_ref()?;
            from_classifiers(info.all("Classifier"), "PKG-INFO classifiers")
        })
        .or_else(|| {
            let listed = project.as_ref()?.get("classifiers")?.as_array()?;
            from_classifiers(
                listed.iter().filter_map(Value::as_str),
                "pyproject.toml classifiers",
            )
        })
        .or_else(|| {
            let text = info.as_ref()?.get("License")?;
            Some(Licence::found(spdx_or_text(text)?, "PKG-INFO License"))
        })
        .or_else(|| {
            let text = project.as_ref()?.get("license")?.get("text")?.as_str()?;
            Some(Licence::found(
                spdx_or_text(text)?,
                "pyproject.toml license",
            ))
        })
        .or_else(|| from_files(tree))
        .unwrap_or_default()
}

/// The canonical expression, if the text is one or nearly one.
fn spdx(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > 200 || text.contains('\n') {
        return None;
    }
    if Expression::parse(text).is_ok() {
        return Some(text.to_owned());
    }
    let canonical = Expression::canonicalize(text).ok().flatten();
    let canonical = canonical.unwrap_or_else(|| text.to_owned());
    let parsed = Expression::parse_mode(&canonical, ParseMode::LAX).ok()?;
    Some(parsed.to_string())
}

/// A licence field: an expression, a well-known name, or (it happens) the whole text.
fn spdx_or_text(text: &str) -> Option<String> {
    if text.len() > 200 {
        return from_text(text);
    }
    spdx(text).or_else(|| well_known(text).map(str::to_owned))
}

/// Words that tell no licence from another.
const FILLER: [&str; 8] = [
    "the", "license", "licence", "software", "version", "v", "clause", "style",
];

/// Names that people write, without punctuation and filler words. None here is a guess between versions.
fn well_known(text: &str) -> Option<&'static str> {
    let lower = text
        .to_ascii_lowercase()
        .replace(['-', '_', ',', '(', ')', '"', '.'], " ");
    let mut words: Vec<&str> = lower
        .split_whitespace()
        .filter(|word| !FILLER.contains(word))
        .collect();
    words.dedup(); // "MIT License (MIT)"
    let bare = words.join(" ");
    Some(match bare.as_str() {
        "mit" | "expat" | "mit expat" => "MIT",
        "apache 2" | "apache 2 0" | "apache2" | "apache2 0" | "asl 2" | "asl 2 0" => "Apache-2.0",
        "bsd 3" | "3 bsd" | "new bsd" | "modified bsd" | "bsd 3 new" | "revised bsd" => {
            "BSD-3-Clause"
        }
        "bsd 2" | "2 bsd" | "simplified bsd" | "freebsd" => "BSD-2-Clause",
        "isc" | "iscl" => "ISC",
        "psf" | "python foundation" | "psf 2" | "psf 2 0" => "PSF-2.0",
        "mpl 2" | "mpl 2 0" | "mozilla public 2 0" | "mozilla public 2" => "MPL-2.0",
        "gplv2" | "gpl v2" | "gpl 2" => "GPL-2.0-only",
        "gplv3" | "gpl v3" | "gpl 3" => "GPL-3.0-only",
        "gplv2+" | "gpl v2+" | "gpl 2+" => "GPL-2.0-or-later",
        "gplv3+" | "gpl v3+" | "gpl 3+" => "GPL-3.0-or-later",
        "lgplv3" | "lgpl v3" | "lgpl 3" => "LGPL-3.0-only",
        "lgplv3+" | "lgpl v3+" | "lgpl 3+" => "LGPL-3.0-or-later",
        "agplv3" | "agpl v3" | "agpl 3" => "AGPL-3.0-only",
        "agplv3+" | "agpl v3+" | "agpl 3+" => "AGPL-3.0-or-later",
        "unlicense" => "Unlicense",
        "zpl 2 1" => "ZPL-2.1",
        "zlib" | "zlib/libpng" => "Zlib",
        "boost 1 0" | "bsl 1 0" => "BSL-1.0",
        "cc0" | "cc0 1 0" => "CC0-1.0",
        _ => return None,
    })
}

/// The licences that classifiers name; those that leave the version open (`BSD License`) make the answer
/// unclear, and say nothing.
fn from_classifiers<'c>(
    classifiers: impl Iterator<Item = &'c str>,
    place: &str,
) -> Option<Licence> {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    for classifier in classifiers.filter(|text| text.starts_with("License :: ")) {
        match classifier.rsplit(" :: ").next()?.trim() {
            "OSI Approved" => {}
            name => {
                found.insert(trove(name)?);
            }
        }
    }
    join(&found).map(|expression| Licence::found(expression, place))
}

/// The SPDX identifier of a trove classifier that names exactly one licence. `Apache Software License` and
/// `BSD License` do not: they leave the version open, and the licence file tells.
fn trove(name: &str) -> Option<&'static str> {
    Some(match name {
        "MIT License" => "MIT",
        "MIT No Attribution License (MIT-0)" => "MIT-0",
        "ISC License (ISCL)" => "ISC",
        "Python Software Foundation License" => "PSF-2.0",
        "Mozilla Public License 2.0 (MPL 2.0)" => "MPL-2.0",
        "Mozilla Public License 1.1 (MPL 1.1)" => "MPL-1.1",
        "GNU General Public License v2 (GPLv2)" => "GPL-2.0-only",
        "GNU General Public License v2 or later (GPLv2+)" => "GPL-2.0-or-later",
        "GNU General Public License v3 (GPLv3)" => "GPL-3.0-only",
        "GNU General Public License v3 or later (GPLv3+)" => "GPL-3.0-or-later",
        "GNU Lesser General Public License v2 (LGPLv2)" => "LGPL-2.0-only",
        "GNU Lesser General Public License v2 or later (LGPLv2+)" => "LGPL-2.0-or-later",
        "GNU Lesser General Public License v3 (LGPLv3)" => "LGPL-3.0-only",
        "GNU Lesser General Public License v3 or later (LGPLv3+)" => "LGPL-3.0-or-later",
        "GNU Affero General Public License v3" => "AGPL-3.0-only",
        "GNU Affero General Public License v3 or later (AGPLv3+)" => "AGPL-3.0-or-later",
        "The Unlicense (Unlicense)" => "Unlicense",
        "Zope Public License" => "ZPL-2.1",
        "zlib/libpng License" => "Zlib",
        "Boost Software License 1.0 (BSL-1.0)" => "BSL-1.0",
        "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication" => "CC0-1.0",
        "Eclipse Public License 2.0 (EPL-2.0)" => "EPL-2.0",
        "European Union Public Licence 1.2 (EUPL 1.2)" => "EUPL-1.2",
        "Blue Oak Model License (BlueOak-1.0.0)" => "BlueOak-1.0.0",
        "Universal Permissive License (UPL)" => "UPL-1.0",
        "PostgreSQL License" => "PostgreSQL",
        "Historical Permission Notice and Disclaimer (HPND)" => "HPND",
        _ => return None,
    })
}

/// The licences that the files at the top of a tree spell out.
fn from_files(tree: &Path) -> Option<Licence> {
    let mut names: Vec<String> = std::fs::read_dir(tree)
        .ok()?
        .filter_map(|item| item.ok()?.file_name().into_string().ok())
        .filter(|name| is_licence_file(name))
        .collect();
    names.sort();
    let mut found = BTreeSet::new();
    let mut places = Vec::new();
    for name in names {
        let texts = match tree.join(&name) {
            folder if folder.is_dir() => continue,
            file => read_text(&file),
        };
        if let Some(expression) = texts.and_then(|text| from_text(&text)) {
            found.insert(expression);
            places.push(name);
        }
    }
    let expression = join(&found.iter().map(String::as_str).collect())?;
    Some(Licence::found(expression, places.join(", ")))
}

fn is_licence_file(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["license", "licence", "copying", "unlicense"]
        .iter()
        .any(|stem| lower.starts_with(stem))
        && Path::new(&lower)
            .extension()
            .is_none_or(|kind| kind != "py")
}

/// The licence that a text is.
fn from_text(text: &str) -> Option<String> {
    static STORE: OnceLock<Option<Store>> = OnceLock::new();
    let store = STORE.get_or_init(|| Store::load_inline().ok()).as_ref()?;
    let data: TextData = text.into();
    let scanner = Scanner::new(store).confidence_threshold(CONFIDENCE);
    let result = scanner.scan(&data);
    let name = result.license?.name;
    Some(match name {
        // The text of these does not tell "only" from "or later"; "only" promises less.
        "GPL-2.0" | "GPL-3.0" | "LGPL-2.0" | "LGPL-2.1" | "LGPL-3.0" | "AGPL-3.0" => {
            format!("{name}-only")
        }
        _ => name.trim_end_matches('+').replace("-or-later", "-only"),
    })
}

fn join(found: &BTreeSet<&str>) -> Option<String> {
    let parts: Vec<String> = found
        .iter()
        .map(|part| {
            let compound = found.len() > 1 && part.contains(' ');
            if compound {
                format!("({part})")
            } else {
                (*part).to_owned()
            }
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(" AND "))
}
