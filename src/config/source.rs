//! Where a configuration comes from.

use std::ffi::OsString;
use std::path::PathBuf;

use super::document::MAX_BYTES;
use super::reader::Reader;
use super::section::{Given, Section};
use super::{Configuration, Listen, Problem, Problems, ServerSettings, environment, file, issuer, preset, setting};
use crate::policy::with_ample_stack;

/// Where a configuration comes from: what is given in both places holds as the environment says.
#[derive(Clone)]
pub struct Source {
    file: Option<PathBuf>,
    environment: Vec<(OsString, OsString)>,
}

impl Source {
    /// The environment: variables whose names begin with `DOORWARD_`; and this file, or the one that `DOORWARD_CONFIG`
    /// names.
    ///
    /// The pairs are an argument, so that nobody has to change the environment of a running process.
    pub fn new(file: Option<PathBuf>, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment: Vec<_> = environment.into_iter().collect();
        let named = environment.iter().position(|(name, _)| name == "DOORWARD_CONFIG");
        let named = named.map(|at| environment.swap_remove(at).1).filter(|path| !path.is_empty());
        Self { file: file.or(named.map(PathBuf::from)), environment }
    }

    /// Reads everything, or tells everything that is wrong.
    pub fn read(&self) -> Result<Configuration, Problems> {
        // Once for all conditions of all routes.
        let no_thread = || Err(Problem::new("configuration", "no thread to read it with").into());
        with_ample_stack(|| self.read_here()).unwrap_or_else(no_thread)
    }

    fn read_here(&self) -> Result<Configuration, Problems> {
        let mut reader = self.reader()?;
        reader.refuse_unknown_names(&[setting::SERVICE, issuer::SECTIONS].concat());
        let configuration = Configuration::read(&mut reader);
        reader.finish(configuration)
    }

    /// Where operators ask, for who only wants to know that: a secret that cannot be read here says nothing about the
    /// running service.
    pub fn read_admin_listen(&self) -> Result<Vec<Listen>, Problems> {
        let mut reader = self.reader()?;
        let admin_listen = ServerSettings::read_admin_listen(&mut reader);
        reader.finish(admin_listen)
    }

    /// What stands in the file, to see whether it has changed; nothing if there is none, or none that can be read.
    pub fn file_contents(&self) -> Option<Vec<u8>> {
        file::read(self.file.as_ref()?, MAX_BYTES).ok()
    }

    fn reader(&self) -> Result<Reader, Problems> {
        let (mut section, problems) = environment::read(self.environment.iter().cloned());
        if let Some(path) = &self.file {
            let mut from_file = Section::of_file(path)?;
            from_file.values.append(&mut section.values);
            section = from_file;
        }
        let aliases = preset::aliases(section.values.get(preset::PRESET.name).and_then(Given::text));
        environment::add_aliases(&mut section, &self.environment, aliases);
        let mut reader = Reader::new(section);
        reader.add_problems(problems);
        Ok(reader)
    }
}
