//! The source of a configuration: environment variables and an optional file.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{Configuration, Listen, ServerSettings, catalog};
use crate::config::issuer::preset;
use crate::config_reader::{
    ActiveSetting, Files, FilesInUse, Problem, Problems, Reader, Section, SettingInput,
    environment, setting,
};
use crate::policy::with_large_stack;

/// The source of a configuration: environment variables and an optional file. A variable wins over
/// the same setting in the file.
#[derive(Clone)]
pub struct Source {
    file: Option<PathBuf>,
    environment: Vec<(OsString, OsString)>,
}

impl Configuration {
    /// Reads a configuration from environment variables alone, without a file.
    ///
    /// Variables whose names do not begin with `DOORWARD_` are ignored. Fails with all [`Problems`]
    /// that were found, not only with the first one.
    ///
    /// # Examples
    ///
    /// ```
    /// use doorward::config::Configuration;
    ///
    /// let variables = [
    ///     ("DOORWARD_ISSUER", "https://idp.example.com"),
    ///     ("DOORWARD_AUDIENCE", "api"),
    /// ];
    /// let configuration = Configuration::from_environment(
    ///     variables.map(|(name, value)| (name.into(), value.into())),
    /// )?;
    /// assert_eq!(configuration.issuers[0].name, "idp.example.com");
    /// # Ok::<(), doorward::config_reader::Problems>(())
    /// ```
    pub fn from_environment(
        pairs: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Problems> {
        Source::new(None, pairs).read()
    }
}

impl Source {
    /// Creates a source from environment variables whose names begin with `DOORWARD_`, and from
    /// this file or else the one that `DOORWARD_CONFIG` names.
    ///
    /// The variables are an argument, so that no caller has to change the environment of a running
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

    /// Returns `true` if there is a configuration file.
    pub const fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// Returns `true` if a variable sets anything.
    pub fn has_variables(&self) -> bool {
        let mut names = self
            .environment
            .iter()
            .map(|(name, _)| name.to_string_lossy());
        names.any(|name| name.starts_with("DOORWARD_"))
    }

    /// Reads the whole configuration. Fails with all [`Problems`] that were found.
    pub fn read(&self) -> Result<Configuration, Problems> {
        self.read_from(Files::default()).0
    }

    /// Reads the whole configuration from files as they are in `snapshot`; a file that is missing
    /// there is read from the disk now. Also returns the files that were used.
    pub fn read_from(&self, snapshot: Files) -> (Result<Configuration, Problems>, Files) {
        let none = (Err(no_thread()), snapshot.clone());
        // The parser of conditions needs the large stack; one thread serves the conditions of all
        // routes.
        with_large_stack(|| self.read_on_this_thread(snapshot)).unwrap_or(none)
    }

    fn read_on_this_thread(&self, snapshot: Files) -> (Result<Configuration, Problems>, Files) {
        let mut files = FilesInUse::of(snapshot);
        let mut reader = match self.reader(&mut files) {
            Ok(reader) => reader,
            Err(problems) => return (Err(problems), files.into_used()),
        };
        reader.refuse_unknown_names(&catalog::settings());
        let configuration = Configuration::read(&mut reader);
        let used = reader.take_files();
        (reader.finish(configuration), used)
    }

    /// Reads the whole configuration. Returns each setting with its value and its origin, and the
    /// problems that were found. Fails if there is nothing to show, because the file cannot be
    /// read.
    pub fn active_settings(&self) -> Result<(Vec<ActiveSetting>, Problems), Problems> {
        let none = || Err(no_thread());
        with_large_stack(|| {
            let mut reader = self.reader(&mut FilesInUse::default())?;
            reader.record();
            reader.refuse_unknown_names(&catalog::settings());
            let configuration = Configuration::read(&mut reader);
            let active = reader.take_recorded();
            let problems = reader.finish(configuration).err().unwrap_or_default();
            Ok((active, problems))
        })
        .unwrap_or_else(none)
    }

    /// Reads only the addresses of the admin listener, for commands that need nothing else.
    /// Problems of other settings, such as a secret that cannot be read here, are not reported:
    /// they say nothing about the running service.
    pub fn read_admin_listen(&self) -> Result<Vec<Listen>, Problems> {
        let mut reader = self.reader(&mut FilesInUse::default())?;
        let admin_listen = ServerSettings::read_admin_listen(&mut reader);
        reader.finish(admin_listen)
    }

    /// Creates a reader over the variables and the file. Takes `files` into the reader.
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

fn no_thread() -> Problems {
    Problem::new(
        "configuration",
        "no thread to read it with",
        "raise the limit on processes and threads (`ulimit -u`, `TasksMax=`)",
    )
    .into()
}
