//! What travels to the device: bytes of images, and what is drawn for each of their views.

use foretask_pretext::Drawn;

/// A batch before its views are made.
#[derive(Debug)]
pub(in crate::pretrain) struct Sources {
    /// Interleaved: of all images where they are sent whole; else, for each block, of what its views show.
    pub(super) bytes: Vec<Vec<u8>>,
    /// Of each image: what happens in each of its views.
    pub(super) drawn: Vec<Vec<Drawn>>,
}

/// The part of [`Sources`] that belongs to one image.
#[derive(Debug)]
pub(in crate::pretrain) struct Slot<'a> {
    pub(super) bytes: Vec<&'a mut [u8]>,
    pub(super) drawn: &'a mut Vec<Drawn>,
}

impl Sources {
    /// One slot an image, in order; to be filled on any thread, in any order.
    pub(in crate::pretrain) fn slots(&mut self) -> Vec<Slot<'_>> {
        let count = self.drawn.len().max(1);
        let mut slots: Vec<Slot<'_>> =
            self.drawn.iter_mut().map(|drawn| Slot { bytes: Vec::with_capacity(2), drawn }).collect();
        for block in &mut self.bytes {
            let part = (block.len() / count).max(1);
            slots.iter_mut().zip(block.chunks_exact_mut(part)).for_each(|(slot, bytes)| slot.bytes.push(bytes));
        }
        slots
    }
}
