//! The way of print jobs between the devices of a branch.

use crate::{lead::Ways, link::exchange};
use app::{
    Shop,
    print_elsewhere::{Courier, NoWord, PrintAsk, PrintReply, PrinterOffers},
};
use domain::ids::DeviceId;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

/// What is added to the time that the other device may listen for news.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// How long a connection may take; who is not met by then has heard nothing.
const CONNECT: Duration = Duration::from_millis(800);
/// How long a question about printers may take.
const GLANCE: Duration = Duration::from_millis(1_200);

/// Carries letters about papers to whoever of the branch can be reached.
pub(crate) struct Carrier {
    shop: Weak<Shop>,
    ways: Ways,
    agents: Mutex<HashMap<(String, Duration), ureq::Agent>>,
}

impl Carrier {
    pub(crate) fn of(shop: &Arc<Shop>, ways: Ways) -> Carrier {
        Carrier {
            shop: Arc::downgrade(shop),
            ways,
            agents: Mutex::default(),
        }
    }

    fn ask<A: DeserializeOwned>(
        &self,
        device: DeviceId,
        path: &str,
        question: &impl Serialize,
        patience: Duration,
    ) -> Result<A, NoWord> {
        let unsaid = |why: &str| NoWord {
            heard: false,
            why: why.to_owned(),
        };
        let shop = self.shop.upgrade().ok_or_else(|| unsaid("the shop is closed"))?;
        let address = self
            .ways
            .address_of(device)
            .ok_or_else(|| unsaid("it is not seen"))?;
        let key = (address.clone(), patience);
        let agent = self
            .agents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(key.clone())
            .or_insert_with(|| self.ways.agent(&address, patience))
            .clone();
        let answer = exchange(&shop, &agent, &address, path, question, Some(CONNECT));
        if answer.is_err() {
            // Connections that broke, or trust that was given anew, are not tried twice.
            self.agents
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&key);
        }
        match answer? {
            (other, answer) if other == device => Ok(answer),
            _ => Err(NoWord {
                heard: true,
                why: "another device answered".to_owned(),
            }),
        }
    }
}

impl Courier for Carrier {
    fn print(&self, device: DeviceId, ask: &PrintAsk) -> Result<PrintReply, NoWord> {
        let patience = PATIENCE + Duration::from_millis(ask.wait_ms);
        self.ask(device, "prints", ask, patience)
    }

    fn printers(&self, device: DeviceId) -> Result<PrinterOffers, NoWord> {
        let shop = self.shop.upgrade().ok_or_else(|| NoWord {
            heard: false,
            why: "the shop is closed".to_owned(),
        })?;
        self.ask(device, "printers", &shop.offers_ask(), GLANCE)
    }

    fn seen(&self) -> Vec<DeviceId> {
        self.ways.devices()
    }
}
