//! What the client needs from the network.

use async_trait::async_trait;

use crate::parcel::Parcel;
use crate::rules::class::Heard;

#[async_trait(?Send)]
pub(crate) trait Post {
    /// Sends a parcel, once.
    async fn send(&self, parcel: &Parcel) -> Heard;

    /// How full the service's pool is, 0 to 1.
    async fn utilisation(&self) -> Result<f64, String>;
}
