//! Patterns that are refused when they are read.

/// The error for a text that is no pattern: it would match nothing, or not what it seems to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoutePatternError {
    /// Longer than any pattern needs to be.
    #[error("too long")]
    TooLong,
    /// More segments than any pattern needs.
    #[error("more than 32 segments")]
    TooManySegments,
    /// Without a slash in front.
    #[error("does not start with `/`")]
    NoSlash,
    /// `//`, which requests never have.
    #[error("an empty segment")]
    EmptySegment,
    /// Requests with such a segment are refused.
    #[error("a segment that ends in a dot or a blank")]
    DoubtfulEnd,
    /// Requests never have it, or it is meant for a sign that is none here.
    #[error("the character {0:?}")]
    Character(char),
    /// Requests are compared decoded.
    #[error("percent-encoding")]
    Encoded,
    /// `**` that is not the last segment.
    #[error("`**` in another place than the end")]
    DoubleStar,
    /// More than one `*` in a segment.
    #[error("more than one `*` in a segment")]
    SeveralStars,
    /// Neither a host nor `*.` and a host.
    #[error("not a host name")]
    Host,
    /// No method, or none at all.
    #[error("not a list of methods")]
    Methods,
}

impl RoutePatternError {
    /// Returns a hint about what to do.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::TooLong | Self::TooManySegments => "end a shorter pattern with `/**`",
            Self::NoSlash => "write the whole path, like `/admin/**`",
            Self::EmptySegment => "requests with `//` are matched as if it were `/`",
            Self::DoubtfulEnd => "no request with such a path gets as far as this",
            Self::Character(_) => "only `*` and `/**` are special, and paths have no query here",
            Self::Encoded => "write the character itself, paths are compared decoded",
            Self::DoubleStar => "end the pattern with `/**`, or use `*` for one segment",
            Self::SeveralStars => "use one `*`, which is any text inside a segment",
            Self::Host => {
                "write `app.example.com` or `*.example.com`, without a port; leave it out for all hosts"
            }
            Self::Methods => {
                "write at least one method in capitals, or leave it out for all methods"
            }
        }
    }
}
