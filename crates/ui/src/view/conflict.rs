//! Two versions of one object, side by side, and the choice between them.

use leptos::{html, prelude::*};

use crate::{
    model::{Beside, Numbered, beside, format},
    view::{
        Icon,
        edit::{Theirs, Work},
    },
};

/// Mine and theirs.
#[component]
pub(super) fn Conflict(work: Work) -> impl IntoView {
    let gone = Memo::new(move |_| work.theirs.with(|it| matches!(it, Some(Theirs::Gone))));
    let both = Memo::new(move |_| work.both().is_some());
    let heading = NodeRef::<html::H2>::new();
    Effect::new(move |_| {
        if let Some(heading) = heading.get() {
            request_animation_frame(move || _ = heading.focus());
        }
    });
    let choices = move || {
        let (keep, take) = match gone.get() {
            true => ("Write mine again", "Leave it deleted"),
            false => ("Keep mine", "Take theirs"),
        };
        view! {
            <button type="button" class="button primary" on:click=move |_| work.keep_mine()>
                {keep}
            </button>
            <button type="button" class="button" on:click=move |_| work.take_theirs()>
                {take}
            </button>
            {both
                .get()
                .then(|| {
                    view! {
                        <button type="button" class="button" on:click=move |_| work.merge()>
                            "Put both together"
                        </button>
                    }
                })}
            <button type="button" class="button" on:click=move |_| work.go_on()>
                "Go on editing mine"
            </button>
        }
    };
    let explained = move || match (gone.get(), both.get()) {
        (true, _) => "It is not stored any more. What you typed can be written again.",
        (false, true) => {
            "You changed different parts of it, so both can be put together. Or choose one."
        }
        (false, false) => "You both changed the same part. Choose one, or edit yours further.",
    };
    view! {
        <section class="conflict" aria-labelledby="conflict-title">
            <h2 id="conflict-title" tabindex="-1" node_ref=heading>
                {move || match gone.get() {
                    true => "Somebody else deleted it",
                    false => "Somebody else changed it",
                }}
            </h2>
            <p>{explained}</p>
            <div class="form-end">{choices}</div>
            {move || (!gone.get()).then(|| view! { <SideBySide work/> })}
        </section>
    }
}

/// Both texts, line by line.
#[component]
fn SideBySide(work: Work) -> impl IntoView {
    let rows = Memo::new(move |_| {
        let mine = work.editor.text().with(|text| format(text).unwrap_or_else(|| text.clone()));
        match work.theirs.get() {
            Some(Theirs::Changed(theirs)) => beside(&mine, &theirs.text),
            Some(Theirs::Gone) | None => Vec::new(),
        }
    });
    let line = |line: Option<Numbered>, class: &'static str, sign: &'static str| {
        let (number, text) = match line {
            Some((number, text)) => (number.to_string(), text),
            None => return view! { <td class="nothing" colspan="2"></td> }.into_any(),
        };
        view! {
            <td class="number">{number}</td>
            <td class=class>
                <span class="sign">{sign}</span>
                {text}
            </td>
        }
        .into_any()
    };
    let row = move |row: Beside| match row {
        Beside::Same(mine, theirs) => view! {
            <tr>{line(Some(mine), "", "")} {line(Some(theirs), "again", "")}</tr>
        }
        .into_any(),
        Beside::Differs(mine, theirs) => view! {
            <tr class="differs">
                {line(mine, "mine", "Mine: ")} {line(theirs, "theirs", "Theirs: ")}
            </tr>
        }
        .into_any(),
        Beside::Equal(count) => {
            let text =
                if count == 1 { "1 equal line".to_owned() } else { format!("{count} equal lines") };
            view! { <tr class="equal"><td colspan="4">{text}</td></tr> }.into_any()
        }
    };
    view! {
        <div class="card beside" tabindex="0" role="region" aria-label="Mine and theirs, line by line">
            <table>
                <colgroup>
                    <col class="number"/>
                    <col/>
                    <col class="number"/>
                    <col/>
                </colgroup>
                <thead>
                    <tr>
                        <th colspan="2" scope="col">{Icon::Object.draw()} "Mine, not saved"</th>
                        <th colspan="2" scope="col">{Icon::Person.draw()} "Theirs, stored now"</th>
                    </tr>
                </thead>
                <tbody>{move || rows.get().into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}
