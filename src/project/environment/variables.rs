//! What is kept of what a shell says, and what is the batch job's.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::ffi::OsStringExt;

use super::Variables;
use crate::sys::login;

/// What a shell counts or notes for itself, or has for lack of a terminal.
const OF_THE_SHELL: [&str; 4] = ["SHLVL", "_", "TERM", "COLORTERM"];

/// How the variables of batch systems begin.
const JOB_PREFIXES: [&str; 12] = [
    "SLURM_", "SLURMD_", "SRUN_", "PBS_", "LSB_", "SGE_", "OAR_", "COBALT_", "FLUX_", "PMI_",
    "PMIX_", "_CONDOR_",
];

/// Names of batch systems without a prefix, and what a job was given of the
/// machine. `CUDA_HOME` and its like are a startup file's business.
const JOB_NAMES: [&str; 14] = [
    "JOB_ID",
    "JOB_NAME",
    "NSLOTS",
    "NHOSTS",
    "PE_HOSTFILE",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_DEVICE_ORDER",
    "CUDA_MPS_PIPE_DIRECTORY",
    "CUDA_MPS_LOG_DIRECTORY",
    "NVIDIA_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "GPU_DEVICE_ORDINAL",
    "ZE_AFFINITY_MASK",
];

/// Returns what programs may have of an environment.
pub(super) fn for_programs(variables: &Variables) -> Variables {
    let is_kept = |name: &OsStr| {
        login::is_for_programs(name) && !OF_THE_SHELL.iter().any(|listed| name == *listed)
    };
    let kept = variables.iter().filter(|(name, _)| is_kept(name));
    kept.cloned().collect()
}

/// Takes what a shell said, each directory of `PATH` once, and puts the
/// variables of the server's batch job over it.
pub(super) fn with_job(said: &Variables, own: &Variables) -> Variables {
    let mut all = for_programs(said);
    for (_, value) in all.iter_mut().filter(|(name, _)| name == "PATH") {
        *value = each_once(value);
    }
    let of_job = own.iter().filter(|(name, _)| is_of_job(name));
    for (name, value) in of_job {
        all.retain(|(other, _)| other != name);
        all.push((name.clone(), value.clone()));
    }
    all
}

/// Drops the repetitions in a `PATH`, which change nothing.
///
/// fish, tcsh, zsh and often bash read some startup files for `ssh host
/// command` too, so the server began with what these put there.
fn each_once(path: &OsStr) -> OsString {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.as_bytes().split(|&byte| byte == b':') {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    OsString::from_vec(parts.join(&b':'))
}

fn is_of_job(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    let is_begun_by = |prefix: &&str| bytes.starts_with(prefix.as_bytes());
    JOB_NAMES.iter().any(|listed| name == *listed) || JOB_PREFIXES.iter().any(is_begun_by)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(text: &str) -> Variables {
        let pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
        pairs
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    #[test]
    fn a_jobs_variables_win_and_what_says_nothing_is_gone() {
        let own = variables("SLURM_JOB_ID=5 CUDA_VISIBLE_DEVICES=1 CUDA_HOME=/a PATH=/bin");
        let said = variables(
            "SLURM_JOB_ID=6 CUDA_HOME=/b PATH=/opt/bin:/bin:/opt/bin SHLVL=1 _=/x PWD=/ TERM=dumb \
             COCALC_PLUS_CAPTURE=x AUTH_TOKEN=x SSH_TTY=x BASH_FUNC_module%%=()",
        );
        let mut all = with_job(&said, &own);
        all.sort();
        let expected = "BASH_FUNC_module%%=() CUDA_HOME=/b CUDA_VISIBLE_DEVICES=1 \
                        PATH=/opt/bin:/bin SLURM_JOB_ID=5";
        assert_eq!(all, variables(expected));
    }
}
