//! How is a search read?
//!
//! Three steps: a redirect if the whole query names one, expansions from the synonyms, and what the query rules do: acts,
//! a redirect where no document has one, synonyms of their own. Under an explicit sort the rules do nothing at all, hiding included; synonyms and redirects
//! still hold, because they say what was meant, not what should stand first.

use planogram_abi::limits::ALTERNATIVES_MAX;
use planogram_abi::{Alternative, Call, Outcome, Query, Rewrite, TermGroup};
use planogram_rules::{Facts, redirect, to_acts};

use crate::state::State;
use crate::synonyms::{Found, Matcher, SynonymSet, Token};

/// The rewriter of the plugin.
pub fn understand(state: &State, call: &Call<'_>, rewrite: &mut Rewrite) -> Outcome {
    let request = &call.request;
    if let Some(url) = state.redirects.find(request.text, request.store_view, request.now_ms) {
        rewrite.query.redirect = Some(url.to_owned());
    }
    if !state.synonyms.is_empty() {
        expand(state, call, &mut rewrite.query);
    }
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
    Ok(())
}

/// Adds what the synonyms of rules say, as a one-way set does.
fn expand_by(synonyms: &[SynonymSet], state: &State, call: &Call<'_>, query: &mut Query) {
    let settings = &state.settings.synonyms;
    let matcher = Matcher::build(synonyms.iter().enumerate(), &settings.stop_words, |text| call.host.analyze(text));
    widen_found(state, call, query, &matcher, |_| true, &|set| &synonyms[set]);
}

/// Adds to the groups of `query` what may stand for them.
fn expand(state: &State, call: &Call<'_>, query: &mut Query) {
    let request = &call.request;
    let settings = &state.settings.synonyms;
    let matcher = state.synonyms.matcher(request.store_view, request.locale, &settings.stop_words, call.host);
    let in_force = |set| state.synonyms.in_force(set, request.store_view, request.now_ms);
    widen_found(state, call, query, &matcher, in_force, &|set| state.synonyms.set(set));
}

/// Widens the groups in which members of sets in force are found.
fn widen_found<'s>(
    state: &State,
    call: &Call<'_>,
    query: &mut Query,
    matcher: &Matcher,
    in_force: impl Fn(usize) -> bool,
    set: &dyn Fn(usize) -> &'s SynonymSet,
) {
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
            widen(set, found, settings.weight, merge(query, first, last));
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
/// They are as open-ended as the word they stand for, so that either way round the same products are found.
fn widen<'s>(sets: &dyn Fn(usize) -> &'s SynonymSet, found: &Found, weight: f32, group: &mut TermGroup) {
    let prefix = group.alternatives.first().is_some_and(|own| own.prefix);
    for (set, member) in &found.hits {
        for text in sets(*set).expansions(*member) {
            let is_new = group.alternatives.iter().all(|known| known.text != text);
            if is_new && group.alternatives.len() < ALTERNATIVES_MAX {
                group.alternatives.push(Alternative { text: text.to_owned(), weight, prefix });
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
            "",
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
                (Verb::Pin { position: 0 }, &Target::Items(vec![7]), rule),
                (Verb::Hide, &Target::Items(vec![8]), rule),
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
            (Some("/rule"), vec!["red".into(), "sofas*|couch*^0.9".into()])
        );
        assert_eq!(
            on_mobile("sofa sale").redirect.as_deref(),
            Some("/sale"),
            "a redirect of the whole query goes first"
        );
        assert_eq!(shown(&rewritten(&state, request("red sofas")).query), ["red", "sofas*"]);
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
