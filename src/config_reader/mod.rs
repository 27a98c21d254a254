//! TODO

mod document;
pub(crate) mod environment;
pub(crate) mod file;
mod files;
mod problem;
mod reader;
mod readings;
pub(crate) mod schema;
mod section;
pub(crate) mod setting;
mod shape;
pub(crate) mod value;

pub(crate) use document::{Content, Node, Scalar};
pub use file::read_regular_file;
pub use files::Files;
pub(crate) use files::FilesInUse;
pub use problem::{Problem, Problems};
pub(crate) use reader::{Reader, Refused};
pub use schema::schema;
pub(crate) use section::{Given, Section};
pub(crate) use setting::{Default, SERVICE, Setting};
pub(crate) use shape::Shape;
pub(crate) use value::Invalid;
