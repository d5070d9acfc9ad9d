//! One version has one text.

use monoxide_protocol::Version;
use proptest::prelude::*;

#[track_caller]
fn check(text: &str, expected: Option<u64>) {
    assert_eq!(text.parse().ok(), expected.map(Version::new), "{text:?}");
}

#[test]
fn only_lower_case_hexadecimal_without_padding_is_a_version() {
    check("0", Some(0));
    check("18e9e3e264ba0945", Some(0x18e9_e3e2_64ba_0945));
    check("ffffffffffffffff", Some(u64::MAX));

    for text in ["", "00", "01", "1F", "0x1f", "+1f", "-1", " 1", "1 ", "g", "10000000000000000"] {
        check(text, None);
    }
}

#[test]
fn what_is_not_a_version_says_why() {
    let error = "1F".parse::<Version>().unwrap_err().to_string();
    assert_eq!(error, "`1F` is not a version: lower-case hexadecimal without padding");
}

proptest! {
    #[test]
    fn a_version_survives_its_text(number: u64) {
        let version = Version::new(number);
        prop_assert_eq!(version.number(), number);
        prop_assert_eq!(version.to_string().parse(), Ok(version));
    }

    #[test]
    fn no_other_text_means_the_same_version(text in "[0-9a-fA-F+]{0,4}") {
        if let Ok(version) = text.parse::<Version>() {
            prop_assert_eq!(version.to_string(), text);
        }
    }

    #[test]
    fn parsing_never_panics(text: String) {
        let _ = text.parse::<Version>();
    }

    #[test]
    fn versions_are_ordered_by_number(a: u64, b: u64) {
        prop_assert_eq!(Version::new(a).cmp(&Version::new(b)), a.cmp(&b));
    }

    #[test]
    fn the_wire_goes_through_the_same_door(text in "[0-9a-fA-F+]{0,4}") {
        let wire = format!("{text:?}");
        let version = text.parse::<Version>().ok();
        prop_assert_eq!(serde_json::from_str::<Version>(&wire).ok(), version);
        if let Some(version) = version {
            prop_assert_eq!(serde_json::to_string(&version).unwrap(), wire);
        }
    }
}
