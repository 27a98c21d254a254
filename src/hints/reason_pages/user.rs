//! Reasons about the user in the directory.

use super::page::{Example, ReasonPage, issuer, send_token};

const USERS: &str = "\
sqlite3 users.db \"
  CREATE TABLE users (id TEXT PRIMARY KEY, active INTEGER);
  INSERT INTO users VALUES ('alice', 0);
\"
";

pub(super) const UNKNOWN: ReasonPage = ReasonPage {
    causes: &[
        "The directory has no row for the user of the token, and `directory_on_missing` is `deny`.",
        "The column `directory_key` of the row does not equal the value in the token byte by byte.",
        "The token is of an issuer whose users are not in the directory (`directory_issuers`), and the route needs the user.",
        "The user was added less than `directory_negative_ttl` ago.",
        "A value cannot be in the table: it is not written as the type of its parameter, is longer than 1 KiB, or has a NUL. The database is not asked.",
        "The database refuses the value itself (SQLSTATE class 22), such as a number that is too large for the column.",
    ],
    signs: &[
        "`doorward explain --online` asks the database, and its last stage shows whether there is a row. Without `--online` the database is not asked, and the verdict is `unknown`.",
        "`doorward token inspect` shows the claims whose values are looked up: `sub`, or those of `directory_parameters`.",
    ],
    cures: &[
        "Run the query by hand, with these values.",
        "Add the user to the directory, or correct the query or its parameters.",
        "If a user without a row may pass, set `directory_on_missing: pass`. If the route needs no user, set `directory: false` there.",
    ],
    example: Example::Prepared {
        preparation: USERS,
        configuration: issuer!(
            "directory_url: sqlite:users.db\ndirectory_query: SELECT id FROM users WHERE id = ?\ndirectory_key: id\n"
        ),
        script: send_token!("--issuer https://idp.example.com --audience api --subject mallory"),
    },
};

pub(super) const DISABLED: ReasonPage = ReasonPage {
    causes: &[
        "The directory has a row for the user, and the column `directory_active` is not true in it.",
    ],
    signs: &[
        "`doorward explain --online` shows that the row is not active. It does not show the columns.",
    ],
    cures: &[
        "If the user should have access, change the column in the directory.",
        "The change is active after `directory_negative_ttl` at the latest.",
    ],
    example: Example::Prepared {
        preparation: USERS,
        configuration: issuer!(
            "directory_url: sqlite:users.db\ndirectory_query: SELECT id, active FROM users WHERE id = ?\ndirectory_key: id\ndirectory_active: active\n"
        ),
        script: send_token!("--issuer https://idp.example.com --audience api --subject alice"),
    },
};
