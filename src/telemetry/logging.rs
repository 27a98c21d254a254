//! The log of events of the service itself.

use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::LogQueue;
use crate::config::{LogFormat, LogLevel};

/// Installs a subscriber that writes the events of this process to the queue. Only the first call
/// has an effect.
pub fn install(level: LogLevel, format: LogFormat, queue: LogQueue) {
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(QueueWriter(queue))
        .with_ansi(false);
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).with_target(false).boxed(),
        LogFormat::Text => lines.with_target(false).boxed(),
    };
    // At a detailed level libraries may log the data that passes through them, such as headers with
    // tokens.
    let libraries = LevelFilter::from(level).min(LevelFilter::WARN);
    let filter = Targets::new()
        .with_default(libraries)
        // It logs every malformed request as an error, so that any client could fill the log.
        .with_target("actix_http", LevelFilter::OFF)
        .with_target("doorward", LevelFilter::from(level));
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init();
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

/// Makes a writer for each event.
struct QueueWriter(LogQueue);

/// The line of one event, which is queued when the event is complete.
struct EventLine<'a> {
    queue: &'a LogQueue,
    line: Vec<u8>,
}

impl<'a> MakeWriter<'a> for QueueWriter {
    type Writer = EventLine<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        EventLine {
            queue: &self.0,
            line: Vec::new(),
        }
    }
}

impl Write for EventLine<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for EventLine<'_> {
    fn drop(&mut self) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.queue
                .push(move |buffer| buffer.extend_from_slice(&line));
        }
    }
}
