//! How is a search read?
//!
//! Four steps: a redirect if the whole query names one, expansions from the synonyms, what the query rules do (acts,
//! a redirect where no document has one, synonyms of their own), and last what everyday words stand for. Under an explicit sort the rules do nothing at all, hiding included; synonyms and redirects
//! still hold, because they say what was meant, not what should stand first.

use planogram_abi::limits::ALTERNATIVES_MAX;
use planogram_abi::{Alternative, Call, Outcome, Query, Rewrite, TermGroup};
use planogram_rules::{Facts, redirect, to_acts};

use crate::state::{Matchers, State};
use crate::synonyms::{Found, Matcher, SynonymSet, Token};

/// The rewriter of the plugin.
pub fn understand(state: &State, call: &Call<'_>, rewrite: &mut Rewrite) -> Outcome {
    let request = &call.request;
    if let Some(url) = state.redirects.find(request.text, request.store_view, request.now_ms) {
        rewrite.query.redirect = Some(url.to_owned());
    }
    let matchers = state.synonyms.matchers(request, &state.settings.synonyms, call.host);
    expand(state, call, &mut rewrite.query, &matchers);
    if !request.explicit_sort {
        let facts = Facts::of(call);
        let applied = state.rules.select(&facts);
        let rules = applied.iter().map(|fired| (&fired.rule.rule.head, fired.rule.rule.events.as_slice()));
        rewrite.acts.extend(to_acts(call.host, rules.clone()));
        if rewrite.query.redirect.is_none() {
            rewrite.query.redirect = redirect(rules.clone()).map(str::to_owned);
        }
        let synonyms: Vec<SynonymSet> = rules.flat_map(|(_, events)| events).filter_map(SynonymSet::of_event).collect();
        if !synonyms.is_empty() {
            expand_by(&synonyms, state, call, &mut rewrite.query);
        }
    }
    expand_everyday(state, call, &mut rewrite.query, &matchers);
    Ok(())
}

/// Adds what the synonyms of rules say, as a one-way set does.
fn expand_by(synonyms: &[SynonymSet], state: &State, call: &Call<'_>, query: &mut Query) {
    let settings = &state.settings.synonyms;
    let matcher = Matcher::build(synonyms.iter().enumerate(), &settings.stop_words, |text| call.host.analyze(text));
    let by = By { weight: settings.weight, is_open_ended: true };
    widen_found(state, call, query, &matcher, |_| true, &|set| &synonyms[set], by);
}

/// Adds to the groups of `query` what may stand for them by the documents.
fn expand(state: &State, call: &Call<'_>, query: &mut Query, matchers: &Matchers) {
    let request = &call.request;
    let in_force = |set| state.synonyms.in_force(set, request.store_view, request.now_ms);
    let by = By { weight: state.settings.synonyms.weight, is_open_ended: true };
    widen_found(state, call, query, &matchers.own, in_force, &|set| state.synonyms.set(set), by);
}

/// Adds what everybody says, behind what the merchandiser says.
fn expand_everyday(state: &State, call: &Call<'_>, query: &mut Query, matchers: &Matchers) {
    let by = By { weight: state.settings.synonyms.everyday_weight, is_open_ended: false };
    widen_found(state, call, query, &matchers.everyday_words, |_| true, &|set| &matchers.everyday[set], by);
}

/// How what stands for a word is asked for.
#[derive(Clone, Copy)]
struct By {
    /// Factor on its text score.
    weight: f32,
    /// Whether it may be a beginning where the word it stands for may be.
    is_open_ended: bool,
}

/// Widens the groups in which members of sets in force are found.
fn widen_found<'s>(
    state: &State,
    call: &Call<'_>,
    query: &mut Query,
    matcher: &Matcher,
    in_force: impl Fn(usize) -> bool,
    set: &dyn Fn(usize) -> &'s SynonymSet,
    by: By,
) {
    if matcher.is_empty() {
        return;
    }
    let settings = &state.settings.synonyms;
    let (owners, texts) = tokens(call, query);
    let is_stop = |index: usize| {
        let word = query.groups[owners[index]].alternatives.first().map_or("", |own| own.text.as_str());
        settings.stop_words.iter().any(|stop| *stop == texts[index] || stop.eq_ignore_ascii_case(word))
    };
    let tokens: Vec<Token<'_>> =
        texts.iter().enumerate().map(|(index, text)| Token { text, stop: is_stop(index) }).collect();
    let found = matcher.find(&tokens, in_force);
    // From the right, so that merging groups leaves the places further left as they are.
    for found in found.iter().rev() {
        let (first, last) = (owners[found.start], owners[found.end - 1]);
        let cuts_a_group = (found.start > 0 && owners[found.start - 1] == first)
            || owners.get(found.end).is_some_and(|next| *next == last);
        if !cuts_a_group {
            widen(set, found, by, merge(query, first, last));
        }
    }
}

/// The tokens of the query as the analyzer sees them, and the group each belongs to.
fn tokens(call: &Call<'_>, query: &Query) -> (Vec<usize>, Vec<String>) {
    let whole = call.host.analyze(call.request.text);
    if whole.len() == query.groups.len() {
        return ((0..whole.len()).collect(), whole);
    }
    let of_group = |(index, group): (usize, &TermGroup)| {
        let texts = group.alternatives.first().map_or(Vec::new(), |own| call.host.analyze(&own.text));
        texts.into_iter().map(move |text| (index, text))
    };
    query.groups.iter().enumerate().flat_map(of_group).unzip()
}

/// Makes one group of the groups `first..=last`: a member of several words is one phrase.
fn merge(query: &mut Query, first: usize, last: usize) -> &mut TermGroup {
    if first < last {
        let merged: Vec<Alternative> =
            query.groups.drain(first..=last).filter_map(|group| group.alternatives.into_iter().next()).collect();
        let phrase = Alternative {
            text: merged.iter().map(|own| own.text.as_str()).collect::<Vec<_>>().join(" "),
            weight: merged.iter().map(|own| own.weight).fold(1.0, f32::min),
            prefix: merged.last().is_some_and(|own| own.prefix),
        };
        query.groups.insert(first, TermGroup { alternatives: vec![phrase] });
    }
    &mut query.groups[first]
}

/// Adds the expansions of a found member to its group, each text once, as many as may cross the wall.
/// Those of documents are as open-ended as the word they stand for, so that either way round the same products are found.
fn widen<'s>(sets: &dyn Fn(usize) -> &'s SynonymSet, found: &Found, by: By, group: &mut TermGroup) {
    let prefix = by.is_open_ended && group.alternatives.first().is_some_and(|own| own.prefix);
    for (set, member) in &found.hits {
        for text in sets(*set).expansions(*member) {
            let is_new = group.alternatives.iter().all(|known| known.text != text);
            if is_new && group.alternatives.len() < ALTERNATIVES_MAX {
                group.alternatives.push(Alternative { text: text.to_owned(), weight: by.weight, prefix });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use planogram_abi::{Request, Target, Verb};

    use super::*;
    use crate::fixture::{Shop, request, state};

    /// What the kernel hands in: one group a word, the last one open-ended.
    fn as_typed(text: &str) -> Rewrite {
        let mut groups: Vec<TermGroup> = text
            .split_whitespace()
            .map(|word| {
                let own = Alternative { text: word.to_owned(), weight: 1.0, prefix: false };
                TermGroup { alternatives: vec![own] }
            })
            .collect();
        if let Some(last) = groups.last_mut() {
            last.alternatives[0].prefix = true;
        }
        Rewrite { query: Query { groups, redirect: None }, acts: Vec::new() }
    }

    fn rewritten(state: &State, request: Request<'_>) -> Rewrite {
        let mut rewrite = as_typed(request.text);
        understand(state, &Call { request, host: &Shop }, &mut rewrite).unwrap();
        rewrite
    }

    /// Groups as text: alternatives joined by `|`, a prefix ends in `*`, a factor stands behind `^`.
    fn shown(query: &Query) -> Vec<String> {
        let one = |a: &Alternative| {
            let factor = if a.weight == 1.0 { String::new() } else { format!("^{}", a.weight) };
            format!("{}{}{factor}", a.text, if a.prefix { "*" } else { "" })
        };
        query.groups.iter().map(|g| g.alternatives.iter().map(one).collect::<Vec<_>>().join("|")).collect()
    }

    #[test]
    fn words_are_widened_by_their_synonyms() {
        let state = state(
            r#"{"synonyms":{"everyday":false}}"#,
            None,
            &[
                ("synonym", "a", r#"{"type":"two-way","terms":["sofa","couch"]}"#),
                ("synonym", "b", r#"{"type":"two-way","terms":["swim suit","bikini"]}"#),
                ("synonym", "c", r#"{"type":"one-way","term":"pants","expansions":["capris","shorts"]}"#),
                ("synonym", "d", r#"{"type":"two-way","terms":["chest of drawers","dresser"]}"#),
                ("synonym", "e", r#"{"type":"two-way","terms":["sofa","settee","couch"]}"#),
            ],
        );
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(shown(&rewritten(&state, request(text)).query), expected, "{text:?}");
        };
        check("", &[]);
        check("lamp", &["lamp*"]);
        check("blue Couches", &["blue", "Couches*"]);
        check("blue Couch", &["blue", "Couch*|sofa*^0.9|settee*^0.9"]);
        check("sofa blue", &["sofa|couch^0.9|settee^0.9", "blue*"]);
        check("red swim suits", &["red", "swim suits*|bikini*^0.9"]);
        check("bikini red", &["bikini|swim suit^0.9", "red*"]);
        check("pants", &["pants*|capris*^0.9|shorts*^0.9"]);
        check("shorts", &["shorts*"]);
        check("chest of drawers sofa", &["chest of drawers|dresser^0.9", "sofa*|couch*^0.9|settee*^0.9"]);
        // One word as typed, two tokens: the group is widened as a whole or not at all.
        check("swim-suit", &["swim-suit*|bikini*^0.9"]);
        check("red-sofa", &["red-sofa*"]);
    }

    #[test]
    fn everyday_words_stand_for_each_other_unless_a_document_names_them() {
        let check = |state: &State, locale: &'static str, text: &'static str, expected: &[&str]| {
            let request = Request { locale, ..request(text) };
            assert_eq!(shown(&rewritten(state, request).query), expected, "{text:?}");
        };
        let plain = state("", None, &[]);
        check(&plain, "en-US", "red TVs", &["red", "TVs*|television^0.6"]);
        check(&plain, "en-US", "torch", &["torch*|flashlight^0.6"]);
        check(&plain, "en-US", "flashlight", &["flashlight*"]);
        check(&plain, "de", "Handys", &["Handys*|smartphone^0.6|mobiltelefon^0.6"]);
        check(&plain, "xx", "tv", &["tv*"]);
        let pants = ("synonym", "a", r#"{"type":"one-way","term":"pants","expansions":["trousers"]}"#);
        let named = state("", Some(&plain), &[pants]);
        check(&named, "en", "pants", &["pants*|trousers*^0.9"]);
        check(&named, "en", "trousers", &["trousers*"]);
        check(&named, "en", "slacks", &["slacks*"]);
        check(&named, "en", "sofa", &["sofa*|couch^0.6|settee^0.6"]);
        let off = state(r#"{"synonyms":{"everyday":false}}"#, None, &[]);
        check(&off, "en", "sofa", &["sofa*"]);
    }

    #[test]
    fn rules_act_on_their_queries_but_not_under_a_sort() {
        let state = state(
            "",
            None,
            &[
                (
                    "search-rule",
                    "summer",
                    r#"{"name":"Summer sofas","conditions":[{"query":"contains","text":"sofa"}],
                    "events":[{"pin":"7","position":1},{"hide":"8"},{"boost":"none"}]}"#,
                ),
                ("redirect", "sale", r#"{"query":"sofa sale","url":"/sale"}"#),
            ],
        );
        let found = rewritten(&state, request("Sofa  SALE"));
        assert_eq!(found.query.redirect.as_deref(), Some("/sale"));
        let acts: Vec<(Verb, &Target, &str)> =
            found.acts.iter().map(|act| (act.verb.clone(), &act.target, act.reason.as_str())).collect();
        let rule = "rule \"Summer sofas\" (search-rule/summer)";
        assert_eq!(
            acts,
            [
                (Verb::Note, &Target::Items(vec![]), rule),
                (Verb::Pin { position: 0 }, &Target::Items(vec![7]), format!("{rule}: pinned to 1").as_str()),
                (Verb::Hide, &Target::Items(vec![8]), format!("{rule}: hidden").as_str()),
            ]
        );
        let sorted = rewritten(&state, Request { explicit_sort: true, ..request("sofa sale") });
        assert_eq!((sorted.acts.len(), sorted.query.redirect.as_deref()), (0, Some("/sale")));
        assert_eq!(rewritten(&state, request("lamp")).acts, []);
    }

    #[test]
    fn rules_redirect_and_bring_synonyms_of_their_own() {
        let rule = r#"{"match":"all","conditions":[{"query":"contains","text":"sofa"},{"device":"mobile"}],
            "events":[{"redirect":"/rule"},{"synonym":{"term":"sofa","also":["couch"]}}]}"#;
        let sale = ("redirect", "sale", r#"{"query":"sofa sale","url":"/sale"}"#);
        let state = state("", None, &[("search-rule", "mobile", rule), sale]);
        let on_mobile = |text| rewritten(&state, Request { device: "mobile", ..request(text) }).query;
        let query = on_mobile("red sofas");
        assert_eq!(
            (query.redirect.as_deref(), shown(&query)),
            (Some("/rule"), vec!["red".into(), "sofas*|couch*^0.9|settee^0.6".into()])
        );
        assert_eq!(
            on_mobile("sofa sale").redirect.as_deref(),
            Some("/sale"),
            "a redirect of the whole query goes first"
        );
        let without = shown(&rewritten(&state, request("red sofas")).query);
        assert_eq!(without, ["red", "sofas*|couch^0.6|settee^0.6"], "everyday words alone");
    }

    #[test]
    fn analyzed_synonyms_are_kept_while_no_synonym_changes() {
        let couch = ("synonym", "a", r#"{"type":"two-way","terms":["sofa","couch"]}"#);
        let first = state("", None, &[couch]);
        let second = state("", Some(&first), &[couch, ("redirect", "r", r#"{"query":"x","url":"/x"}"#)]);
        assert!(Arc::ptr_eq(&first.synonyms, &second.synonyms));
        let third = state("", Some(&second), &[("synonym", "a", r#"{"type":"two-way","terms":["sofa","divan"]}"#)]);
        assert!(!Arc::ptr_eq(&second.synonyms, &third.synonyms));
        assert_eq!(shown(&rewritten(&third, request("sofa")).query), ["sofa*|divan*^0.9"]);
    }
}
