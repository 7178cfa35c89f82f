//! App: what every protocol's handlers work with.

use std::sync::Arc;

use crate::access::AccessLog;
use crate::budget::Budget;
use crate::models::ModelManager;
use crate::settings::Settings;
use crate::startup::StartupClock;
use crate::work::Admission;

/// Made once, shared by all connections.
#[allow(missing_docs)]
pub struct App {
    pub settings: Settings,
    pub manager: Arc<ModelManager>,
    pub admission: Admission,
    pub budget: Budget,
    pub access_log: AccessLog,
    pub clock: Arc<StartupClock>,
}
