//! What does each kind of evidence weigh?
//!
//! One set for every shop, fitted once by softmax regression (the next item among a visit's candidates, log loss,
//! then a coordinate search on hit rate and reciprocal rank) on held-back last sessions of three public click logs
//! of different density; what differs from shop to shop is counted live (`returns`). The kernel of places is a
//! product: how many items a past visit shares with this one and how far back the newest shared one lies, times how
//! far the candidate stands from that item in the past visit. What is not here: how the evidence is gathered, see
//! `rank`.

/// Weight of a past visit: by items shared (1, 2, 3 and more), then by rank of the newest shared item among the distinct
/// items of this visit (0, 1, 2 to 3, 4 and more).
const SHARED: [[f32; 4]; 3] =
    [[0.670, 0.189, 0.144, 0.057], [2.017, 0.459, 0.326, 0.172], [3.944, 0.971, 0.461, 0.515]];

/// Weight of a candidate 1, 2, 3 to 4, 5 and more places after the shared item, then 1, 2 to 3, 4 and more before it;
/// first when the shared item is the visit's last, then when it is an earlier one.
const PLACE: [[f32; 7]; 2] =
    [[5.326, 2.329, 0.929, 0.221, 2.699, 0.683, 0.036], [2.703, 3.371, 2.855, 1.638, 1.473, 1.055, 0.078]];

/// A past visit of this rank among those of its item, newest first, weighs half.
const HALF_RANK: f32 = 90.0;

/// Weight of the items two steps away from the visit's last and last but one distinct item.
pub(super) const SECOND_STEP: [f32; 2] = [33.0, 11.9];

/// Weight of being viewed at all, so that a candidate without much evidence is judged by how much it is viewed.
pub(super) const POPULARITY: f32 = 319.0;
/// Largest share of a shop's views that counts as popularity: in a shop of a few products every one has a large share.
pub(super) const POPULARITY_MAX: f32 = 0.02;
/// A view of all time against a view of the last twentieth, in popularity.
pub(super) const OLD_VIEW: f32 = 0.02;

/// Weight of the evidence's logarithm, of an item not seen in the visit.
pub(super) const EVIDENCE: f32 = 1.243;
/// Weight of `ln(1 + visits)` of the item: negative, as evidence grows with popularity anyway.
pub(super) const VISITS: f32 = -0.326;
/// Weight of `ln(1 + recent visits)` of the item.
pub(super) const RECENT_VISITS: f32 = 0.114;

/// Weight of the evidence's logarithm, of an item seen in the visit.
pub(super) const SEEN_EVIDENCE: f32 = 0.404;
/// Weight of the log odds that a visit like this returns to the item's rank instead of viewing something new.
pub(super) const RETURN: f32 = 0.696;
/// What is added to the score of any item seen, over the odds in percent.
pub(super) const SEEN: f32 = 1.127;
/// Weight of the logarithm of how often the visit viewed it.
pub(super) const SEEN_AGAIN: f32 = 0.266;
/// What is added when it is the last item.
pub(super) const SEEN_LAST: f32 = -0.226;
/// Weight of how much more often than usual the item itself follows the last one: when it is the last, when it is not.
pub(super) const FOLLOWS: [f32; 2] = [0.103, 0.119];

/// Weight of a past visit that shares `shared` items, the newest of them of rank `back` in this visit.
pub(super) fn shared(shared: usize, back: usize) -> f32 {
    let back = match back {
        0 | 1 => back,
        2 | 3 => 2,
        _ => 3,
    };
    SHARED[shared.clamp(1, 3) - 1][back]
}

/// Weight of a candidate that stands `places` after (or, when negative, before) the shared item.
pub(super) fn place(back: usize, places: isize) -> f32 {
    let column = match places {
        1 => 0,
        2 => 1,
        3 | 4 => 2,
        5.. => 3,
        -1 => 4,
        -3 | -2 => 5,
        _ => 6,
    };
    PLACE[usize::from(back > 0)][column]
}

/// Weight of the visit of that rank among an item's visits, newest first.
pub(super) fn recency(rank: usize) -> f32 {
    HALF_RANK / (HALF_RANK + rank as f32)
}
