//! A batch is cut into letters when it is recorded.

use uuid::Uuid;

use super::{Item, NewLetter};
use crate::domain::order::Order;

/// Cuts the new orders of a batch into letters of at most `chunk` orders, in request order, and
/// sets each order's letter. As long as their orders fit into `held_max` the letters are held by
/// `epoch`; from the first that does not fit on they wait, so that nothing overtakes it.
///
/// The orders are to be submitted: all of them are NEW. Those at the places `standing` (in rising
/// order) are not the batch's to submit and stay as they are.
pub fn cut_into_letters(
    items: &mut [Item],
    standing: &[usize],
    chunk: usize,
    held_max: usize,
    epoch: Uuid,
    mut new_id: impl FnMut() -> Uuid,
) -> Vec<NewLetter> {
    let mut new: Vec<&mut Order> = items
        .iter_mut()
        .enumerate()
        .filter(|(place, _)| standing.binary_search(place).is_err())
        .filter_map(|(_, item)| item.as_mut().ok())
        .collect();
    let mut room = Some(held_max);
    let cut = |orders: &mut [&mut Order]| {
        let id = new_id();
        orders.iter_mut().for_each(|order| order.letter_id = Some(id));
        room = room.and_then(|room| room.checked_sub(orders.len()));
        let undecided = orders.iter().map(|order| order.id).collect();
        NewLetter { id, undecided, holder: room.map(|_| epoch) }
    };
    new.chunks_mut(chunk.max(1)).map(cut).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::batch::tests::order;
    use crate::domain::order::Fault;

    const EPOCH: Uuid = Uuid::from_u128(7);

    /// Orders, chunk, room, and of each letter its size and whether it is held.
    type Cutting = (i64, usize, usize, &'static [(usize, bool)]);

    fn orders(count: i64) -> Vec<Item> {
        (0..count).map(|id| Ok(order(id))).collect()
    }

    fn cut(items: &mut [Item], standing: &[usize], chunk: usize, room: usize) -> Vec<NewLetter> {
        let mut last = 100;
        cut_into_letters(items, standing, chunk, room, EPOCH, || {
            last += 1;
            Uuid::from_u128(last)
        })
    }

    #[test]
    fn letters_are_held_while_they_fit_and_wait_from_the_first_that_does_not() {
        let table: [Cutting; 7] = [
            (0, 50, 1500, &[]),
            (1, 50, 1500, &[(1, true)]),
            (101, 50, 1500, &[(50, true), (50, true), (1, true)]),
            (101, 50, 100, &[(50, true), (50, true), (1, false)]),
            // The small last one would fit, but may not overtake.
            (101, 50, 60, &[(50, true), (50, false), (1, false)]),
            (2, 50, 0, &[(2, false)]),
            (2, 0, 9, &[(1, true), (1, true)]),
        ];
        for (count, chunk, room, expected) in table {
            let letters = cut(&mut orders(count), &[], chunk, room);
            let sizes: Vec<_> = letters
                .iter()
                .map(|letter| (letter.undecided.len(), letter.holder == Some(EPOCH)))
                .collect();
            assert_eq!(sizes, expected, "{count} orders, {chunk} each, room for {room}");
        }
    }

    #[test]
    fn faults_and_standing_orders_are_left_alone() {
        let mut items = orders(4);
        items[1] = Err(Fault::missing("quantity", "is needed"));

        let letters = cut(&mut items, &[2], 50, 50);

        assert_eq!(letters[0].undecided, [0, 3]);
        assert_eq!(items[2], Ok(order(2)));
    }

    proptest! {
        #[test]
        fn each_new_order_is_in_the_one_letter_that_it_names(
            stands in proptest::collection::vec(any::<bool>(), 0..60),
            chunk in 1_usize..20,
            room in 0_usize..80,
        ) {
            let standing: Vec<_> = (0..stands.len()).filter(|place| stands[*place]).collect();
            let mut items = orders(i64::try_from(stands.len()).unwrap());

            let letters = cut(&mut items, &standing, chunk, room);

            let told = letters.iter().flat_map(|letter| {
                letter.undecided.iter().map(|id| (*id, Some(letter.id)))
            });
            let orders = items.iter().filter_map(|item| item.as_ref().ok());
            let named = orders.filter(|order| order.letter_id.is_some());
            prop_assert_eq!(
                told.collect::<Vec<_>>(),
                named.map(|order| (order.id, order.letter_id)).collect::<Vec<_>>()
            );
            let free = |item: &Item| item.as_ref().is_ok_and(|order| order.letter_id.is_none());
            prop_assert_eq!(items.iter().map(free).collect::<Vec<_>>(), stands);
            prop_assert!(letters.is_sorted_by_key(|letter| letter.holder.is_none()));
            prop_assert!(letters.iter().all(|letter| letter.undecided.len() <= chunk));
            let held: usize = letters
                .iter()
                .filter(|letter| letter.holder.is_some())
                .map(|letter| letter.undecided.len())
                .sum();
            prop_assert!(held <= room);
        }
    }
}
