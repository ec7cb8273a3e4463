"""WebText, step by step: from posts and an archive of the web to token shards. Paper: section 2.1. Chapter 03.

    posts -> karma -> outbound -> links -> pages -> wikipedia -> extract -> language -> heuristics
    -> exact -> near -> tokens

A module a step; `pipeline` runs them in order, `funnel` counts, `truth` scores them on tinyweb, whose pages are
labelled.
"""
