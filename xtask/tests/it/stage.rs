//! A workspace of nothing, and a PATH with nothing on it but stand-ins for the tools.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// Where a chore is played.
pub(crate) struct Stage {
    folder: PathBuf,
    variables: Vec<(&'static str, String)>,
}

/// What a chore did.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The stand-ins that were called, one a line, with their arguments.
    pub(crate) calls: String,
}

impl Stage {
    /// An empty stage; `name` is that of the test.
    pub(crate) fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        let stage = Self { folder, variables: Vec::new() };
        stage.write("xtask/Cargo.toml", "");
        stage.write("e2e/package-lock.json", "{}");
        stage.with("MONOXIDE_CHROMIUM", "chromium").tool("chromium", "").tool("npm", "")
    }

    /// Adds a tool: a shell script, which finds the stage in `$STAGE`.
    pub(crate) fn tool(self, name: &str, script: &str) -> Self {
        let script = format!(
            "#!/bin/sh\nPATH=/usr/bin:/bin\necho \"{name} $*\" >> \"$STAGE/calls\"\n{script}\n"
        );
        self.write(&format!("bin/{name}"), &script);
        let tool = self.folder.join("bin").join(name);
        fs::set_permissions(tool, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// Sets an environment variable.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A path on the stage.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// Plays `cargo xtask setup`.
    pub(crate) fn setup(&self) -> Outcome {
        self.play(&["setup"])
    }

    /// Plays `cargo xtask <arguments>`.
    pub(crate) fn play(&self, arguments: &[&str]) -> Outcome {
        let _ = fs::remove_file(self.path("calls"));
        let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("STAGE", &self.folder)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap();
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            calls: fs::read_to_string(self.path("calls")).unwrap_or_default(),
        }
    }
}
