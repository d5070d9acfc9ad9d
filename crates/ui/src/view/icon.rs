//! The icons, drawn as lines on a grid of 16.

use leptos::prelude::*;

/// A small picture beside a word. It says nothing by itself, so it is not read out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// More to see: points right when folded, down when open.
    Chevron,
    /// Back to where one came from.
    Back,
    /// A list of objects.
    List,
    /// One object.
    Object,
    /// Find.
    Search,
    /// Put on the clipboard.
    Copy,
    /// Done.
    Check,
    /// A command.
    Terminal,
    /// Fold everything.
    Fold,
    /// Unfold everything.
    Unfold,
    /// The connection is lost.
    Offline,
    /// A sign-in is needed.
    Lock,
    /// Something is wrong.
    Alert,
    /// Nothing is there.
    Empty,
    /// Was deleted.
    Trash,
    /// Watch something that is not there yet.
    Eye,
    /// Who is signed in.
    Person,
    /// All accounts.
    People,
    /// Sign out.
    Leave,
    /// Away with it.
    Close,
    /// The columns of a table.
    Columns,
    /// Light.
    Sun,
    /// Dark.
    Moon,
    /// As the machine has it.
    Screen,
    /// To be kept as a file.
    Download,
    /// Somebody has made sure.
    Shield,
    /// To be carried out.
    Play,
    /// What narrows or changes.
    Funnel,
    /// Change something.
    Pen,
    /// Add something.
    Plus,
    /// There is more to choose.
    Dots,
    /// Out of a file, into the server.
    Upload,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Chevron => "M6 3.5 10.5 8 6 12.5",
            Self::Back => "M10 3.5 5.5 8l4.5 4.5",
            Self::List => "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
            Self::Object => {
                "M6 2.5H5A1.5 1.5 0 0 0 3.5 4v2.5L2.5 8l1 1.5V12A1.5 1.5 0 0 0 5 13.5h1\
                 M10 2.5h1A1.5 1.5 0 0 1 12.5 4v2.5l1 1.5-1 1.5V12A1.5 1.5 0 0 1 11 13.5h-1"
            }
            Self::Search => "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.5 10.5l3 3",
            Self::Copy => {
                "M5.5 5.5h8v8h-8zM10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2"
            }
            Self::Check => "M3 8.5 6.5 12 13 4.5",
            Self::Terminal => "M3 4.5 6.5 8 3 11.5M8 12h5",
            Self::Fold => "M5 2.5 8 5.5l3-3M5 13.5l3-3 3 3M2.5 8h11",
            Self::Unfold => "M5 5.5l3-3 3 3M5 10.5l3 3 3-3M2.5 8h11",
            Self::Offline => {
                "M2 2l12 12M4.3 8.800a5 5 0 0 1 3-1.300M1.8 6.200a8.6 8.6 0 0 1 3-1.9\
                 M8.5 3.5a8.7 8.7 0 0 1 5.7 2.700M10.8 8.100l.9.7M8 12.5h.01"
            }
            Self::Lock => "M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
            Self::Alert => "M8 2.5 14 13.5H2zM8 6.5v3M8 11.5v.01",
            Self::Empty => "M2.5 9 4.5 3.5h7L13.5 9v4h-11zM2.5 9H6l.7 1.5h2.600L10 9h3.5",
            Self::Trash => "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.800l.6-9",
            Self::Person => {
                "M8 8a2.750 2.750 0 1 0 0-5.500A2.750 2.750 0 0 0 8 8ZM3 13.500c0-2.200 2.200-3.500 5-3.500s5 1.300 5 3.500"
            }
            Self::People => {
                "M6 7.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM1.500 13c0-2 2-3 4.500-3s4.500 1 4.500 3\
                 M10.500 2.700a2.500 2.500 0 0 1 0 4.600M12 10.200c1.600.4 2.500 1.400 2.500 2.800"
            }
            Self::Leave => "M6.500 2.500h-3v11h3M7 8h6.500M11 5.500 13.500 8 11 10.500",
            Self::Close => "M4 4l8 8M12 4l-8 8",
            Self::Columns => "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
            Self::Sun => {
                "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1.500v1M8 13.500v1M1.500 8h1M13.500 8h1\
                 M3.400 3.400l.7.7M11.900 11.900l.7.7M12.600 3.400l-.7.7M4.100 11.900l-.7.7"
            }
            Self::Moon => "M13.500 9.500A6 6 0 0 1 6.500 2.500a5.750 5.750 0 1 0 7 7Z",
            Self::Screen => "M2 3h12v8H2zM6 13.500h4M8 11v2.500",
            Self::Download => "M8 2.500v7.500M4.500 7 8 10.500 11.500 7M2.500 13.500h11",
            Self::Shield => "M8 2 3 4v4c0 3 2 5 5 6 3-1 5-3 5-6V4zM5.500 8l2 2 3.500-4",
            Self::Play => "M5 3v10l8-5z",
            Self::Funnel => "M2.500 3.500h11L9.500 8.500v4l-3 1v-5z",
            Self::Pen => "M10.500 3 13 5.500 5.500 13H3v-2.500ZM9 4.500 11.500 7",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Dots => {
                "M3 8a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0M7.500 8a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0M12 8a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0"
            }
            Self::Upload => "M8 10.500V3M4.500 6 8 2.500 11.500 6M2.500 13.500h11",
            Self::Eye => {
                "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8Z\
                 M8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z"
            }
        }
    }

    /// The picture, with more classes than `icon`.
    #[must_use]
    pub fn with_class(self, class: &'static str) -> impl IntoView + use<> {
        view! {
            <svg class=class viewBox="0 0 16 16" aria-hidden="true">
                <path d=self.path()></path>
            </svg>
        }
    }

    /// The picture.
    #[must_use]
    pub fn draw(self) -> impl IntoView + use<> {
        self.with_class("icon")
    }
}

/// The mark of Monoxide: an atom of carbon and one of oxygen.
#[component]
pub fn Logo() -> impl IntoView {
    view! {
        <svg class="logo" viewBox="0 0 24 24" aria-hidden="true">
            <circle class="oxygen" cx="15.5" cy="12" r="6"></circle>
            <circle class="carbon" cx="6.5" cy="12" r="4.5"></circle>
        </svg>
    }
}
