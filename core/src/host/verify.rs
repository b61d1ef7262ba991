//! What does a library file say of itself, before any of its code runs?
//!
//! `object` finds the section, `planogram_abi::handshake` reads it. A file that passes may still be malicious:
//! loading is for trusted files.

use object::{Object, ObjectSection};
use planogram_abi::handshake::{self, Handshake};

/// Why a file is not loaded; says what was expected and what was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Not a library, or a truncated one.
    #[error("expected a shared library, got a file that is none: {0}")]
    NotALibrary(String),
    /// A library, but not a plugin.
    #[error("expected a plugin with a section `{section}`, got a library without one")]
    NotAPlugin {
        /// Where the handshake should be.
        section: &'static str,
    },
    /// The section holds something else.
    #[error("handshake: {0}")]
    Garbled(String),
    /// Built for another host.
    #[error("{}", .0.join("; "))]
    Mismatch(Vec<String>),
    /// Another plugin than the one asked for.
    #[error("name: expected `{expected}`, got `{got}`")]
    Name {
        /// The name in the configuration.
        expected: String,
        /// The name in the file.
        got: String,
    },
}

/// Reads the handshake of a library file, whatever it says.
///
/// # Errors
/// When there is none.
pub fn read(bytes: &[u8]) -> Result<Handshake, VerifyError> {
    let file = object::File::parse(bytes).map_err(|error| VerifyError::NotALibrary(error.to_string()))?;
    if file.kind() != object::ObjectKind::Dynamic {
        return Err(VerifyError::NotALibrary(format!("object file of kind {:?}", file.kind())));
    }
    let section = match file.format() {
        object::BinaryFormat::MachO => handshake::SECTION_MACHO,
        _ => handshake::SECTION_ELF,
    };
    let found = file.section_by_name(section).ok_or(VerifyError::NotAPlugin { section })?;
    let bytes = found.data().map_err(|error| VerifyError::NotALibrary(error.to_string()))?;
    handshake::parse(bytes).map_err(|error| VerifyError::Garbled(error.0))
}

/// Reads the handshake of a library file that this host may load.
///
/// # Errors
/// Everything that speaks against it, field by field.
pub fn verify(bytes: &[u8]) -> Result<Handshake, VerifyError> {
    let handshake = read(bytes)?;
    let mismatches = handshake.mismatches();
    if mismatches.is_empty() { Ok(handshake) } else { Err(VerifyError::Mismatch(mismatches)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_library_is_told_apart() {
        for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fELF\x02\x01\x01"] {
            assert!(matches!(verify(bytes), Err(VerifyError::NotALibrary(_))), "{bytes:?}");
        }
    }

    #[test]
    fn an_executable_is_no_plugin() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        // A position-independent executable is a dynamic object, too; it lacks the section.
        assert!(matches!(
            verify(&bytes),
            Err(VerifyError::NotAPlugin { .. } | VerifyError::NotALibrary(_) | VerifyError::Garbled(_))
        ));
    }
}
