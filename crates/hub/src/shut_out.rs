//! What a hub hands to a device that was shut out: who did it, signed by them, and nothing else.

use crate::{
    Books,
    books::Shop,
    keep::{Hub, Refusal},
};
use domain::ids::DeviceId;
use journal::{Chunk, Vector, exchange::Push, shut_out::rulings_to_show};

impl<B: Books> Hub<B> {
    /// The rulings that show a device why it is refused, as far as it lacks them; nothing for one that belongs.
    pub async fn notice(&self, shop: &Shop, device: DeviceId, have: &Vector) -> Result<Push, Refusal> {
        let devices = self.devices(shop).await?;
        let mut notice = Push::default();
        if devices.get(device).is_none_or(|known| known.until.is_none()) {
            return Ok(notice);
        }
        let rulings = self.books.rulings(shop.shop).await?;
        let heads = self.books.heads(shop.shop).await?;
        for (by, seq) in rulings_to_show(device, &devices, &rulings, have) {
            let upto = heads.get(&by).copied().unwrap_or(seq);
            let parts = self.parts(shop.shop, by, seq - 1, upto, 1).await?;
            let Some(part) = parts.into_iter().next() else {
                continue;
            };
            let previous = match part.after {
                0 => Some([0; 32]),
                after => self.hash_at(shop.shop, by, after).await?,
            };
            if let Some(previous) = previous {
                notice.series.push(Chunk {
                    shop: shop.shop,
                    device: by,
                    after: part.after,
                    previous,
                    transactions: vec![part.bytes],
                });
            }
        }
        Ok(notice)
    }
}
