//! The log of events of the service itself.

use std::fmt::Debug;
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, reload};

use super::LogQueue;
use super::log_line::LogLine;
use crate::config::{LogFormat, LogLevel};
use crate::domain::Clock;

/// Controls how much is logged while the service runs. The default value changes nothing.
#[derive(Debug, Clone, Default)]
pub struct LogFilter(Option<reload::Handle<Targets, Registry>>);

impl LogFilter {
    /// Sets the least severe level that is logged from now on.
    pub fn set(&self, level: LogLevel) {
        if let Some(handle) = &self.0 {
            // It fails only when the subscriber is gone, and then there are no events either.
            let _ = handle.reload(targets(level));
        }
    }
}

/// Installs a subscriber that writes the events of this process to the queue. Only the first call
/// has an effect.
pub fn install(
    level: LogLevel,
    format: LogFormat,
    queue: LogQueue,
    clock: Arc<dyn Clock>,
) -> LogFilter {
    let lines = EventLines {
        queue,
        format,
        clock,
    };
    let (filter, handle) = reload::Layer::new(targets(level));
    let installed = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init();
    LogFilter(installed.is_ok().then_some(handle))
}

fn targets(level: LogLevel) -> Targets {
    // At a detailed level libraries may log the data that passes through them, such as headers with
    // tokens.
    let libraries = LevelFilter::from(level).min(LevelFilter::WARN);
    Targets::new()
        .with_default(libraries)
        // It logs every malformed request as an error, so that any client could fill the log.
        .with_target("actix_http", LevelFilter::OFF)
        // Notices of a database may hold values.
        .with_target("sqlx", LevelFilter::OFF)
        .with_target("doorward", LevelFilter::from(level))
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

/// Writes each event as a line.
struct EventLines {
    queue: LogQueue,
    format: LogFormat,
    clock: Arc<dyn Clock>,
}

impl<S: Subscriber> Layer<S> for EventLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        let level = event.metadata().level().as_str();
        let mut bytes = Vec::with_capacity(256);
        let mut fields = Fields(LogLine::begin(
            &mut bytes,
            self.format,
            self.clock.now(),
            level,
            &message.0,
        ));
        event.record(&mut fields);
        fields.0.end();
        self.queue
            .push(move |buffer| buffer.extend_from_slice(&bytes));
    }
}

/// The name under which `tracing` keeps the message.
const MESSAGE: &str = "message";

/// Takes the message of an event, wherever it is among the fields.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == MESSAGE {
            self.0 = format!("{value:?}");
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == MESSAGE {
            value.clone_into(&mut self.0);
        }
    }
}

/// Adds all other fields to a line.
struct Fields<'b>(LogLine<'b>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() != MESSAGE {
            self.0.text(field.name(), &format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() != MESSAGE {
            self.0.text(field.name(), value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.bare(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.bare(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.bare(field.name(), value);
    }
}
