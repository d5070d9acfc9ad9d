//! Letting changed values flash, for a moment.

use std::time::Duration;

use leptos::prelude::*;

use crate::model::{Flash, Flashes, Pointer, Shown};

/// How long a flash is marked; the style sheet's `--flash` is a little shorter.
const FLASH: Duration = Duration::from_millis(1600);

/// An object on the page, and what flashes in it.
#[derive(Debug, Clone)]
pub struct Tracked {
    /// The object as it is now.
    pub object: ArcRwSignal<Shown>,
    /// Which places of its data flash.
    pub flashes: ArcRwSignal<Flashes>,
}

impl Tracked {
    /// An object that was not on the page before.
    #[must_use]
    pub fn new(object: Shown) -> Self {
        Self { object: ArcRwSignal::new(object), flashes: ArcRwSignal::default() }
    }

    /// Shows `object` from now on and lets `places` of its data flash.
    pub fn change(&self, object: Shown, places: Vec<Pointer>) {
        self.object.set(object);
        if places.is_empty() {
            return;
        }
        let Some(batch) = self.flashes.try_update(|flashes| flashes.mark(places)) else { return };
        let flashes = self.flashes.clone();
        set_timeout(move || flashes.update(|flashes| flashes.clear(batch)), FLASH);
    }
}

/// Flashes for a moment, when told to.
#[derive(Debug, Clone, Default)]
pub struct Lamp(ArcRwSignal<(Flash, u64)>);

impl Lamp {
    /// Begins a flash, also in the middle of another.
    pub fn light(&self) {
        let lit = self.0.try_update(|(flash, lit)| {
            *flash = flash.again();
            *lit += 1;
            *lit
        });
        let lamp = self.0.clone();
        let put_out = move || {
            if lit == Some(lamp.get_untracked().1) {
                lamp.update(|(flash, _)| *flash = Flash::Off);
            }
        };
        set_timeout(put_out, FLASH);
    }

    /// Whether it flashes.
    #[must_use]
    pub fn get(&self) -> Flash {
        self.0.get().0
    }
}
