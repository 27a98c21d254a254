//! Layer 2: reads settings, whatever they are about.
//!
//! Values come from environment variables and from a YAML file, each with its location. A section
//! reads all of its settings before it combines any of them, and every problem is collected, so
//! that all are reported at once.

mod active_settings;
mod document;
pub(crate) mod environment;
pub(crate) mod file;
mod files;
mod location;
mod problem;
mod raw_node;
mod reader;
mod readings;
pub(crate) mod reference_table;
pub(crate) mod schema;
mod section;
pub(crate) mod setting;
pub(crate) mod value;

pub use active_settings::{ActiveSetting, ActiveValue};
pub(crate) use document::{Content, Node, Scalar, text as document_text};
pub(crate) use file::next_step;
pub use file::read_regular_file;
pub use files::Files;
pub(crate) use files::FilesInUse;
pub(crate) use location::Location;
pub(crate) use problem::Reported;
pub use problem::{Problem, Problems};
pub(crate) use reader::Reader;
pub(crate) use reader::named_file::not_text;
pub(crate) use section::{InputValue, Section, SettingInput};
pub(crate) use setting::{Setting, Shape};
pub(crate) use value::{Invalid, texts};
