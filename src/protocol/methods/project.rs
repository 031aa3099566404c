//! What concerns all of a project.

use super::methods;
use crate::protocol::call::AskEnvironment;
use crate::protocol::call::ProgramEnvironment;

methods! {
    /// Tells what environment a program gets that is started now.
    Environment = "environment", Reads, 20 s: AskEnvironment => One ProgramEnvironment;
}
