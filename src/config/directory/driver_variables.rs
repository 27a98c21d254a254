//! Variables of the environment that the driver of `PostgreSQL` reads by itself.

use super::address::DatabaseAddress;
use crate::config_reader::{Invalid, Reader, Reported};

/// The variables that no option of the driver replaces. The client replaces the others, such as
/// `PGHOST` and `PGPASSWORD`, by the settings.
const VARIABLES: [&str; 4] = ["PGOPTIONS", "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT"];

/// Reports such variables. Otherwise the connection would have options or a trusted authority that
/// no setting shows.
pub(super) fn refuse(
    reader: &mut Reader,
    address: Option<&DatabaseAddress>,
) -> Result<(), Reported> {
    if !matches!(address, Some(DatabaseAddress::Postgres(_))) {
        return Ok(());
    }
    let invalid = Invalid::new("would change the connection to the user directory")
        .hint("unset it: only $directory_url and $directory_ca_file say how to connect");
    reader.refuse_variables(&VARIABLES, &invalid)
}
