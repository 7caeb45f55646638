"""Limits: how much visitors may ask of a machine that they share, how much a page shows, and how often."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What visitors may ask, so that the machine stays quick and its memory is not filled."""

    n_visitors: int = 40
    away_seconds: float = 120.0  # of a visitor, as in a reload, before all is forgotten
    away_seconds_when_full: float = 60.0  # where others wait; an open page says every 40 seconds that it is there
    n_sockets: int = 4  # of a visitor
    first_message_seconds: float = 10.0  # until a socket must have said whose it is
    n_connections_at_once: int = 8  # new ones that are let in before those that are there have their turn
    n_waiting_connections: int = 8  # of an address, or a visitor, that have waited for longer than a look
    n_strange_connections: int = 240  # of an address, that are no visitor's yet; 40 browsers open 6 at a time
    seconds_between_looks: float = 1.0  # at a connection
    silent_seconds: float = 10.0  # of a request that has begun, and comes no further
    body_seconds: float = 120.0  # that a whole body may take: 20 MB at 170 kB a second
    requests_a_second: float = 100.0  # of a visitor
    requests_at_once: float = 200.0
    seconds_to_wait: int = 2  # before a request that was too much is made again
    n_heavy_requests: int = 2  # checks, experiments, pictures, models, ... at a time, of all visitors
    n_waiting_requests: int = 4  # such ones of a visitor, besides the one that has its turn; more are refused
    n_open_requests: int = 8  # of a visitor, heavy or not; a browser asks 6 things at a time
    n_light_requests: int = 40  # such that are quick, at a time, of all visitors
    message_bytes: int = 1_000_000  # a drawing of 1000 × 1000 is the largest
    greeting_bytes: int = 10_000  # of a stranger, who says a token of 32 letters
    socket_message_bytes: int = 100_000  # 1000 points have 25 kB
    socket_bytes_at_once: int = 1000  # that are taken before others have their turn: 160 small ones, or 1 MB packed
    socket_bytes_of_request: int = 10_000  # a message counts as one request, and as one more for each so many
    drawing_side_px: int = 1000
    file_bytes: int = 20_000_000  # of a picture or a model
    slice_bytes: int = 65_536  # of an answer; the next one waits until it has nearly gone
    unsent_bytes: int = 262_144  # of a connection, that the system may hold; it would take 2.4 MB
    bytes_in_memory: int = 1_000_000  # of a body; beyond, it is on disk
    picture_pixels: int = 20_000_000  # fewer than the command line takes, as many may ask at once
    n_arenas: int = 2  # of the memory of the C library: 20 who train had 456 MB after two minutes, and have 328 MB
    seconds_to_give_way: float = 0.25  # that a step of a training waits at most while quick answers are made
    seconds_late: float = 0.03  # that the loop which serves all may be, before trainings give way to it
    seconds_to_answer_at_end: int = 1  # when the server ends, for what is being answered
    seconds_to_join: float = 0.5  # and for the trainings
    n_layers: int = 6  # hidden ones of a network that is made here
    n_units: int = 1024
    n_channels: int = 128
    n_units_inside: int = 6  # of the network that is looked into number by number
    n_points: int = 1000  # of data of one's own
    n_parameters: int = 2_000_000
    n_numbers_in_batch: int = 16_000_000  # between the layers: 64 MB
    n_numbers_in_drawing: int = 500_000  # between the layers of a model from a file
    n_parameters_one_by_one: int = 150_000  # of a gradient check, in two seconds
    n_parameters_in_slow_motion: int = 1000  # whose gradient is taken by differences too, in a fifth of a second
    weight_by_hand: float = 100.0  # at most, of either sign
    n_corrections: int = 20  # of a network that can be undone
    n_changes_by_hand: int = 20  # of a network of points that can be undone
    bytes_of_corrections: int = 10_000_000  # of a network's theta before each; of a large one the last can be undone
    epoch_of_points: int = 5000  # that a link may ask for
    epoch_of_digits: int = 20
    steps_of_link: int = 1000  # beyond its epoch


@dataclass(frozen=True)
class Shown:
    """How much of a thing goes to a page, and how fast: what a browser draws and an eye follows."""

    seconds_between_states: float = 0.1
    seconds_between_histograms: float = 0.5
    seconds_of_epoch: float = 0.01  # that an epoch of points takes at least, so that it can be watched
    n_rows: int = 4000  # of the curves of a training
    steps_between_rows: int = 100  # for digits
    n_test_digits: int = 1000  # for the accuracy of a row
    n_digits_between_looks: int = 100  # at whether the training is closed
    boundary_side: int = 60  # points along a side of the square, for the network
    unit_side: int = 24  # and for a unit
    n_units: int = 16  # of a layer, in the picture of a network
    n_histogram_examples: int = 256
    n_histogram_bins: int = 30
    n_maps: int = 32  # of a layer, for a drawing
    n_misread: int = 40  # digits in a cell of the confusion matrix
    page_side_px: int = 2000  # of a page of a PDF, or another picture that a browser cannot show itself
    sure_from: float = 0.95  # probability of a character in a picture that is shown as sure
    n_errors: int = 40_000  # of an array of a gradient check
    n_letters_of_problem: int = 300  # with a file
    n_letters_of_error: int = 480  # of any


LIMITS, SHOWN = Limits(), Shown()
