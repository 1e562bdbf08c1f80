/* Commands that answer from states: state, pack and its like, why, diff, status.
 *
 * Sees: call, print, open, log, view, act; not the commands beside it. Begin with state.c, then why.c.
 *
 *   state   the tables of states; state_summary is its overview, states_doc its Markdown
 *   nouns   tool, run; entities is the list and show of these and of those below
 *   route, model, policy   the steps that a person takes for one, and the choice of a route
 *   policy_file  a policy's file, YAML or JSON
 *   capacity  which models fit into the machine at once
 *   permit  the steps of a permission; permit_resolve answers for a holder as a whole
 *   why     why an entity is in its state (why_state, why_name), or what led to an event
 *   diff    what changed between two moments; diff_states compares views, diff_events reads the causes, diff_runs
 *           compares two runs
 *   status  the first screen; status_facts gathers what it says
 *
 * Words. A "noun" is the word for the rows of a table ("pack"). An entity is "first heard of" by an event that does not
 * say that it came into being. */
#ifndef CLI_STATES_ROOM_H
#define CLI_STATES_ROOM_H

#endif
