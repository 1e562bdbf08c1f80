/* Running an installed pack: its steps, one after the other, each confined and each recorded; and its checks.
 *
 * Sees: every room of packs, work, and the floors below. Begin with run.h, then step.h; decision 103 has the order of the
 * events, decision 104 what a step is given.
 *
 *   run       the whole of a run: may it begin, what it is given, its steps, how it ended
 *   step      one step: whether it runs, on which route, with which permissions; and its events
 *   tool      a step that is a program: what it is given, and what it made
 *   needs     which permissions a step uses, and what of them is bound into it
 *   trip      what a tripcode of T3 is for
 *   own       what of the ledger no step is given
 *   given     the inputs that a person names
 *   words     arguments with ${NAME} in them
 *   place     the directory in which a run keeps what its steps read and make; and what a killed run left
 *   deliver   what is kept of a run, copied out
 *   model     a step that is asked of a model
 *   spans     documents of OpenTelemetry in it
 *   hear      what a step reports about itself
 *   checks    the checks of a pack
 *   gate      may a run begin
 *   choice    which route serves a step
 *   served    which routes serve the steps, decided before the run begins
 *   left      what killed runs left
 *   events    the events: of a run and a step's beginning; events_end, events_model: of what came of it; part: what they share
 *   journal   events that are written together, if each of them is legal
 *   types     what a run is asked for, and how it ended; running: a run while it runs
 *
 * Words. "Datum": an input of the pack or an output of a step, by its name. "Workspace": the directory in which the run was
 * started, which relative scopes are about. "Told": what a step's outcome is in a word, for people who wait. */
#ifndef PACKS_RUN_ROOM_H
#define PACKS_RUN_ROOM_H

#endif
