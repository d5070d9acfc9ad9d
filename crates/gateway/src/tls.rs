//! TLS from two files, which are read again when the process is told to (SIGHUP).

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::watch;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::ring,
        pki_types::{
            CertificateDer, PrivateKeyDer,
            pem::{self, PemObject as _},
        },
    },
};
use tokio_util::sync::CancellationToken;

/// Why a certificate and its key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {error}")]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why not.
        error: String,
    },
    /// A file is not what it should be.
    #[error("`{path}` has no {wanted} in PEM")]
    Pem {
        /// Which one.
        path: PathBuf,
        /// What should be in it.
        wanted: &'static str,
    },
    /// The two do not go together.
    #[error("`{cert}` and `{key}` do not go together: {error}")]
    Pair {
        /// The file with the certificates.
        cert: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// What is wrong with them.
        error: String,
    },
}

/// A certificate and its key, as they were last read. Cloning it gives the same pair.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    cert: PathBuf,
    key: PathBuf,
    current: watch::Sender<Arc<ServerConfig>>,
}

impl Tls {
    pub(crate) fn read(cert: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let current = watch::Sender::new(Arc::new(config(&cert, &key)?));
        Ok(Self { cert, key, current })
    }

    /// What the next connection is accepted with.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.current.borrow()))
    }

    /// Reads the files again on each SIGHUP, until `stop` is cancelled. A pair that cannot be used
    /// changes nothing.
    #[cfg(unix)]
    pub(crate) fn follow(self, stop: CancellationToken) -> io::Result<impl Future<Output = ()>> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangup = signal(SignalKind::hangup())?;
        Ok(async move {
            while let Some(Some(())) = stop.run_until_cancelled(hangup.recv()).await {
                match config(&self.cert, &self.key) {
                    Ok(config) => {
                        self.current.send_replace(Arc::new(config));
                        tracing::info!(cert = %self.cert.display(), "TLS goes on with a new pair");
                    }
                    Err(error) => tracing::error!(%error, "TLS goes on with the old pair"),
                }
            }
        })
    }
}

fn config(cert: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
    let wrong = |error: pem::Error, path: &Path, wanted| {
        tracing::debug!(%error, path = %path.display(), "no PEM");
        TlsError::Pem { path: path.to_owned(), wanted }
    };
    let certificates = CertificateDer::pem_slice_iter(&read(cert)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(error, cert, "certificate"))?;
    if certificates.is_empty() {
        return Err(TlsError::Pem { path: cert.to_owned(), wanted: "certificate" });
    }
    let private = PrivateKeyDer::from_pem_slice(&read(key)?)
        .map_err(|error| wrong(error, key, "private key"))?;
    let pair = |error: rustls::Error| {
        let (cert, key) = (cert.to_owned(), key.to_owned());
        TlsError::Pair { cert, key, error: error.to_string() }
    };
    // The safe ones are 1.2 and 1.3.
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(pair)?
        .with_no_client_auth()
        .with_single_cert(certificates, private)
        .map_err(pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path)
        .map_err(|error| TlsError::Read { path: path.to_owned(), error: error.to_string() })
}
