//! Where a configuration comes from.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{Configuration, Listen, ServerSettings, catalog};
use crate::config::issuer::preset;
use crate::config_reader::{
    Files, FilesInUse, Problem, Problems, Reader, Section, SettingInput, environment, setting,
};
use crate::policy::with_large_stack;

/// Where a configuration comes from: what is given in both places holds as the environment says.
#[derive(Clone)]
pub struct Source {
    file: Option<PathBuf>,
    environment: Vec<(OsString, OsString)>,
}

impl Source {
    /// The environment: variables whose names begin with `DOORWARD_`; and this file, or the one
    /// that `DOORWARD_CONFIG` names.
    ///
    /// The pairs are an argument, so that nobody has to change the environment of a running
    /// process.
    pub fn new(
        file: Option<PathBuf>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        let mut environment: Vec<_> = environment.into_iter().collect();
        let named = environment
            .iter()
            .position(|(name, _)| name == "DOORWARD_CONFIG");
        let named = named
            .map(|at| environment.swap_remove(at).1)
            .filter(|path| !path.is_empty());
        Self {
            file: file.or(named.map(PathBuf::from)),
            environment,
        }
    }

    /// Reads everything, or tells everything that is wrong.
    pub fn read(&self) -> Result<Configuration, Problems> {
        self.read_from(Files::default()).0
    }

    /// The same from files as they were at a look, and those that were needed: one that was not
    /// looked at is read now.
    pub fn read_from(&self, looked_at: Files) -> (Result<Configuration, Problems>, Files) {
        let none = (
            Err(Problem::new("configuration", "no thread to read it with").into()),
            looked_at.clone(),
        );
        // Once for all conditions of all routes.
        with_large_stack(|| self.read_here(looked_at)).unwrap_or(none)
    }

    fn read_here(&self, looked_at: Files) -> (Result<Configuration, Problems>, Files) {
        let mut files = FilesInUse::of(looked_at);
        let mut reader = match self.reader(&mut files) {
            Ok(reader) => reader,
            Err(problems) => return (Err(problems), files.into_used()),
        };
        reader.refuse_unknown_names(&catalog::settings());
        let configuration = Configuration::read(&mut reader);
        let used = reader.take_files();
        (reader.finish(configuration), used)
    }

    /// Where operators ask, for who only wants to know that: a secret that cannot be read here says
    /// nothing about the running service.
    pub fn read_admin_listen(&self) -> Result<Vec<Listen>, Problems> {
        let mut reader = self.reader(&mut FilesInUse::default())?;
        let admin_listen = ServerSettings::read_admin_listen(&mut reader);
        reader.finish(admin_listen)
    }

    /// A reader that has taken these files.
    fn reader(&self, files: &mut FilesInUse) -> Result<Reader, Problems> {
        let settings = catalog::settings();
        let (mut section, problems) = environment::read(self.environment.iter().cloned());
        if let Some(path) = &self.file {
            let mut from_file = Section::of_file(path, files, &settings)?;
            section
                .values
                .keys()
                .filter_map(|name| setting::other_form(&settings, name))
                .for_each(|other| {
                    from_file.values.remove(&other);
                });
            from_file.values.append(&mut section.values);
            section = from_file;
        }
        let aliases = preset::aliases(
            section
                .values
                .get(preset::PRESET.name)
                .and_then(SettingInput::text),
        );
        environment::add_aliases(&mut section, &self.environment, aliases);
        let mut reader = Reader::new(section, std::mem::take(files));
        reader.add_problems(problems);
        Ok(reader)
    }
}
