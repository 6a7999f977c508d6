"""The handler in a model of everything around it, on a virtual clock. docs/simulation.md says what it shows.

schedule.py         one schedule, from its seed to its result
mutants.py          wrong handlers, which the simulation has to find
__main__.py         the commands behind `make simulate` and `make mutants`
model/              the services around the handler, and the people who deploy
rules/              what must hold: the invariants, and where they are checked

Every number is in one of four modules, by what it is:

facts.py            facts of AWS, each with its source
handler_spans.py    what the handler's documents promise
bounds.py           what the model may do at most, and how exact the rules are
odds.py             what is drawn: shares and spans that were chosen, and say nothing about AWS
"""
