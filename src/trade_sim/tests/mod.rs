//! The simulator as its callers meet it: the contract through the application, the faults
//! over real sockets.

mod contract;
mod control;
mod house;
mod refusing;
mod sockets;
