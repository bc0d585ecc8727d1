//! The batches of a run: made by a recipe, or cut out of a file. Each has a key that it has again
//! when the same command is given again.

use weir_client::wire::Order;

use super::recipe::Recipe;

/// Orders that are submitted together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) key: String,
    pub(super) orders: Vec<Order>,
}

/// So many batches of a recipe. Another recipe makes other orders, which need other keys.
pub(super) fn made(recipe: Recipe, count: u64) -> impl Iterator<Item = Batch> {
    let Recipe { size, portfolios, securities, seed } = recipe;
    (0..count).map(move |number| Batch {
        key: format!("generate-{seed}-{size}-{portfolios}-{securities}-{number}"),
        orders: recipe.batch(number),
    })
}

/// The orders of a file with this content, so many at a time.
pub(super) fn cut(
    orders: Vec<Order>,
    content: String,
    seed: u64,
    size: usize,
) -> impl Iterator<Item = Batch> {
    let mut orders = orders.into_iter();
    (0_u64..).map_while(move |number| {
        let chunk: Vec<_> = orders.by_ref().take(size).collect();
        let key = format!("generate-{seed}-{size}-{content}-{number}");
        (!chunk.is_empty()).then_some(Batch { key, orders: chunk })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::num::NonZeroU32;

    use weir_client::wire::Decimal;

    use super::*;

    fn recipe(seed: u64, size: u32) -> Recipe {
        let number = |number| NonZeroU32::new(number).unwrap();
        Recipe { size: number(size), portfolios: number(2), securities: number(3), seed }
    }

    #[test]
    fn the_same_run_has_the_same_keys_and_another_has_others() {
        let keys = |recipe| made(recipe, 3).map(|batch| batch.key).collect::<Vec<_>>();

        assert_eq!(keys(recipe(1, 5)), keys(recipe(1, 5)));
        let all: HashSet<_> =
            [recipe(1, 5), recipe(2, 5), recipe(1, 6)].into_iter().flat_map(keys).collect();
        assert_eq!(all.len(), 9);
    }

    #[test]
    fn a_file_is_cut_without_a_loss() {
        let orders: Vec<_> = (1..=7).map(|n| Order::new("p", "s", 1, Decimal::from(n))).collect();

        let batches: Vec<_> = cut(orders.clone(), "c".to_owned(), 0, 3).collect();

        let sizes: Vec<_> = batches.iter().map(|batch| batch.orders.len()).collect();
        assert_eq!(sizes, [3, 3, 1]);
        let keys: HashSet<_> = batches.iter().map(|batch| &batch.key).collect();
        assert_eq!(keys.len(), 3);
        assert_eq!(batches.into_iter().flat_map(|batch| batch.orders).collect::<Vec<_>>(), orders);
    }
}
