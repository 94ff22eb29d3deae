//! Services outside of the shop: payment gateways, mail, and addresses that are told what happens.
//!
//! Every call has an end in time and an answer that says whether the same may be tried again. What is to be sent, and
//! what became of it, is kept by the caller: nothing here remembers, reads a clock or knows an order.

pub mod gateway;
pub mod hook;
pub mod mail;
