//! What a project answers: one definition a method.
//!
//! From it come the dispatch in the project, the Rust and the TypeScript that
//! call it, and the reference page `cocalc-plus-api(7)`; there is no second list.
//!
//! | file | methods |
//! | --- | --- |
//! | [`files`] | `files.…` |
//! | [`project`] | what concerns all of the project |
//! | [`terminal`] | `terminal.…` |

pub mod files;
pub mod project;
pub mod terminal;

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A method of a project: its name, what is asked and what is answered.
pub trait Method {
    /// What is asked.
    type Request: DeserializeOwned + Serialize + Send + 'static;
    /// What is answered; of a method with many replies, each of them.
    type Reply: DeserializeOwned + Serialize + Send + 'static;
    /// What is known of it besides.
    const ABOUT: About;
}

/// What is known of a method without its types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// What follows `project.<id>.` in its subject, `terminal.list`.
    pub name: &'static str,
    /// What it does, a sentence or more.
    pub about: &'static [&'static str],
    /// Whether it changes anything.
    pub effect: Effect,
    /// How many replies it has.
    pub replies: Replies,
    /// How long a caller waits for the first reply; then it was too late.
    pub deadline: Duration,
    /// The name of the request's type.
    pub request: &'static str,
    /// The name of the replies' type.
    pub reply: &'static str,
}

/// Whether a method changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It does not: who lost the reply asks again.
    Reads,
    /// It may: who lost the reply looks what has become of it.
    Changes,
}

/// How many replies a method has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replies {
    /// One.
    One,
    /// Any number, until either side ends it.
    Many,
}

/// No words: `{}`.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Nothing {}

/// Returns all methods, in the order of their definition.
pub fn all() -> impl Iterator<Item = &'static About> {
    [terminal::ALL, project::ALL, files::ALL]
        .into_iter()
        .flatten()
}

/// Shows a visitor the types of all methods.
#[cfg(test)]
pub(crate) fn visit_types(visitor: &mut impl ts_rs::TypeVisitor) {
    visitor.visit::<super::call::Refusal>();
    terminal::visit_types(visitor);
    project::visit_types(visitor);
    files::visit_types(visitor);
}

/// Defines methods: a type of their own each, which is their [`Method`].
///
/// ```text
/// methods! {
///     /// Lists the terminals, oldest first.
///     List = "terminal.list", Reads, 20 s: Nothing => One Terminals;
/// }
/// ```
macro_rules! methods {
    ($(
        $(#[doc = $about:literal])+
        $method:ident = $name:literal, $effect:ident, $seconds:literal s:
        $request:ty => $replies:ident $reply:ty;
    )+) => {
        $(
            $(#[doc = $about])+
            #[derive(Clone, Copy, Debug)]
            pub struct $method;

            impl $crate::protocol::methods::Method for $method {
                type Request = $request;
                type Reply = $reply;
                const ABOUT: $crate::protocol::methods::About = $crate::protocol::methods::About {
                    name: $name,
                    about: &[$($about),+],
                    effect: $crate::protocol::methods::Effect::$effect,
                    replies: $crate::protocol::methods::Replies::$replies,
                    deadline: std::time::Duration::from_secs($seconds),
                    request: stringify!($request),
                    reply: stringify!($reply),
                };
            }
        )+

        /// All of them, in this order.
        pub(super) const ALL: &[$crate::protocol::methods::About] = &[
            $(<$method as $crate::protocol::methods::Method>::ABOUT),+
        ];

        /// Shows a visitor their types.
        #[cfg(test)]
        pub(super) fn visit_types(visitor: &mut impl ts_rs::TypeVisitor) {
            $(
                visitor.visit::<$request>();
                visitor.visit::<$reply>();
            )+
        }
    };
}
use methods;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The names of types that were shown.
    #[derive(Default)]
    struct Names(BTreeSet<String>);

    impl ts_rs::TypeVisitor for Names {
        fn visit<T: ts_rs::TS + 'static + ?Sized>(&mut self) {
            self.0.insert(T::ident(&ts_rs::Config::new()));
        }
    }

    #[test]
    fn the_types_of_a_method_have_the_names_that_it_says() {
        let mut names = Names::default();
        visit_types(&mut names);
        for about in all() {
            for path in [about.request, about.reply] {
                let name = path.rsplit("::").next().unwrap();
                assert!(names.0.contains(name), "{path}");
            }
        }
    }

    #[test]
    fn every_method_has_a_name_of_its_own_that_a_subject_can_have() {
        let names: BTreeSet<&str> = all().map(|about| about.name).collect();
        assert_eq!(names.len(), all().count());
        for about in all() {
            let is_word = |letter: char| letter.is_ascii_lowercase() || letter == '.';
            assert!(about.name.chars().all(is_word), "{}", about.name);
            let last = about.about.last().unwrap();
            assert!(last.ends_with('.'), "{}", about.name);
        }
    }
}
