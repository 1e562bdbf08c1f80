/* Commands that answer from states: state, pack and its like, eval, why, diff, status.
 *
 * Sees: call, print, open, log, view; not the commands beside it. Begin with state.c, then why.c.
 *
 *   state   the tables of states; state_summary is its overview, states_doc its Markdown
 *   nouns   model, route, permit, tool, policy, pack, promote, run; entities is their list and show
 *   eval    evaluations, and how two of them compare
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
