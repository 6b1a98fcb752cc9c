"""``check``: what is asked, what counts as loss and penalty, what is refused, what is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import prune
from torch.utils.data import DataLoader, TensorDataset

from cadlink.errors import InputError
from cadlink.live import check
from cadlink.live.checking import MOST_NUMBERS
from cadlink.networks import NetworkAnswer, Question, decide_network, training_data

NO, YES, UNKNOWN = (
    NetworkAnswer.NO_OPTIMUM,
    NetworkAnswer.OPTIMUM_GUARANTEED,
    NetworkAnswer.UNKNOWN,
)


def lu2() -> nn.Sequential:
    """lu:2 with the masks registered."""
    pattern = decide_network("lu:2").pattern
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2)).double()
    for layer, mask in zip((net[0], net[2]), pattern.layers, strict=True):
        prune.custom_from_mask(layer, "weight", torch.from_numpy(mask.toarray()).double())
    return net


def witness_points() -> tuple[Any, Any]:
    """Those of the witness of lu:2, which have no optimum."""
    data = training_data(decide_network("lu:2"))
    assert data is not None
    x, y = (torch.tensor([[float(v) for v in row] for row in rows]).double() for rows in data)
    return x, y


def test_the_question_follows_the_data() -> None:
    x, y = witness_points()
    for data, question, answer in (
        (None, "a", NO),
        (x, "b", NO),
        ((x, y), "c", NO),
        ([x.numpy(), y.numpy()], "c", NO),
        (DataLoader(TensorDataset(x, y), batch_size=3, shuffle=True), "c", NO),
    ):
        verdict = check(lu2(), data)
        assert verdict.question is Question.of(question)
        assert verdict.answer is answer, verdict.reason
        assert verdict.statement is not None
    verdict = check(lu2(), (x, y))
    assert verdict.statement is not None
    assert verdict.statement.inputs == training_data(decide_network("lu:2"))[0]
    assert check(lu2(), (x, y), question="a").question is Question.SOME_DATA
    assert check(lu2(), (x, y), question="b").question is Question.THESE_INPUTS


def test_large_data_are_asked_about_in_general() -> None:
    x = torch.zeros(MOST_NUMBERS, 2, dtype=torch.float64)
    verdict = check(lu2(), DataLoader(TensorDataset(x, x), batch_size=10_000))
    assert verdict.question is Question.SOME_DATA
    assert "more than 100000 numbers" in verdict.assumptions[-1]
    assert check(lu2(), (x, x)).question is Question.THIS_DATA


def test_images_are_flattened_as_the_model_does() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    verdict = check(net, (torch.randn(3, 1, 2, 2), torch.ones(3, 1)))
    assert verdict.answer is YES
    assert verdict.statement is not None
    assert verdict.statement.inputs is not None
    assert [len(row) for row in verdict.statement.inputs] == [4, 4, 4]


@pytest.mark.parametrize("loss", [nn.MSELoss(), nn.L1Loss(), nn.HuberLoss(), F.smooth_l1_loss])
def test_losses_with_a_theorem(loss: Any) -> None:
    assert check(lu2(), witness_points(), loss).answer is NO


class Halved(nn.MSELoss):
    """A subclass may compute anything."""


@pytest.mark.parametrize(
    "loss",
    [
        nn.CrossEntropyLoss(weight=torch.ones(2)),
        nn.BCEWithLogitsLoss(pos_weight=torch.ones(2)),
        nn.NLLLoss(),
        Halved(),
        print,
    ],
)
def test_losses_without_a_theorem(loss: Any) -> None:
    adam = torch.optim.Adam(lu2().parameters())
    for net, optimizer in ((lu2(), None), (lu2(), adam)):
        verdict = check(net, None, loss, optimizer)
        assert verdict.answer is UNKNOWN
        assert "no theorem is about" in verdict.reason
        assert verdict.statement is None


def test_classes() -> None:
    """Trained until every point is right: no optimum; with decay there is one."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))
    x, y = torch.randn(30, 2), torch.arange(30) % 3
    x += 5 * torch.nn.functional.one_hot(y, 3)[:, :2]
    adam = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(300):
        adam.zero_grad()
        F.cross_entropy(net(x), y).backward()
        adam.step()
    right = bool((net(x).argmax(1) == y).all())
    verdict = check(net, (x, y), nn.CrossEntropyLoss(), adam)
    assert (verdict.theorem == "R23i") == right
    assert right
    decayed = torch.optim.SGD(net.parameters(), 0.1, weight_decay=1e-3)
    assert check(net, (x, y), F.cross_entropy, decayed).answer is YES
    assert check(net, (x, 2 - y), nn.CrossEntropyLoss()).answer is UNKNOWN
    ended = nn.Sequential(net, nn.Softmax(dim=1))
    assert "give it the outputs" in check(ended, (x, y), nn.CrossEntropyLoss()).reason
    with pytest.raises(InputError, match="classes as integers"):
        check(net, (x, y.float()), nn.CrossEntropyLoss())


def test_smoothed_labels_are_soft_ones() -> None:
    """Hard labels that are separated have no optimum; smoothed ones have one (R23 ii, R23 iii)."""
    torch.manual_seed(1)
    x, y = torch.randn(9, 2).double(), torch.arange(9) % 2
    safe = nn.Sequential(nn.Linear(2, 1), nn.ReLU(), nn.Linear(1, 2)).double()
    smooth = nn.CrossEntropyLoss(label_smoothing=0.125)
    for data in (None, x, (x, y), (x, F.one_hot(y).double())):
        verdict = check(safe, data, smooth)
        assert (verdict.answer, verdict.theorem) == (YES, "R23ii"), verdict.reason
        assert verdict.statement is not None
        assert verdict.statement.loss == "soft_cross_entropy"
    assert verdict.statement.targets is not None
    assert [float(v) for v in verdict.statement.targets[1]] == [0.0625, 0.9375]
    # torch means the same
    torch.testing.assert_close(
        smooth(safe(x), y),
        F.cross_entropy(safe(x), torch.tensor(verdict.statement.targets, dtype=torch.double)),
    )
    wide = nn.Sequential(nn.Linear(2, 12), nn.ReLU(), nn.Linear(12, 3)).double()
    assert check(wide, (x, torch.arange(9) % 3), smooth).theorem == "R23iii"
    assert check(wide, (x, y), smooth, torch.optim.SGD(decayed(wide))).theorem == "R24b"
    with pytest.raises(InputError, match="classes from 0 to 1"):
        check(safe, (x, y + 1), smooth)


def decayed(net: nn.Sequential, *layers: int) -> list[dict[str, Any]]:
    """Groups with decay on the weights of some layers (default: all), and none on the rest."""
    kept = {id(net[n].weight) for n in layers or (0, 2)}
    with_it = [one for one in net.parameters() if id(one) in kept]
    rest = [one for one in net.parameters() if id(one) not in kept]
    return [{"params": with_it, "weight_decay": 0.1}, {"params": rest}]


def test_decay_on_all_weights_but_the_last() -> None:
    torch.manual_seed(2)
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)).double()
    data = (torch.randn(7, 2).double(), torch.randn(7, 2).double())
    for data_, loss in ((data, nn.MSELoss()), ((data[0], torch.arange(7) % 2), F.cross_entropy)):
        verdict = check(net, data_, loss, torch.optim.SGD(decayed(net, 0)))
        assert (verdict.answer, verdict.theorem) == (NO, "R24c"), verdict.reason
        assert verdict.statement is not None
        assert verdict.statement.penalty == "all-but-last"
    first = check(net, data, None, torch.optim.SGD(decayed(net, 2)))
    assert first.answer is UNKNOWN
    assert "weight_decay is not on '0.weight', '0.bias', '2.bias'" in first.reason
    turned = nn.ModuleDict({"b": nn.Linear(2, 3), "a": nn.Linear(3, 2)}).double()

    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = turned

        def forward(self, x: Any) -> Any:
            return self.parts["a"](torch.relu(self.parts["b"](x)))

    named = Named()
    weights = {"params": [turned["b"].weight], "weight_decay": 0.1}
    others = [turned["a"].weight, turned["a"].bias, turned["b"].bias]
    assert (
        check(named, data, None, torch.optim.SGD([weights, {"params": others}])).theorem == "R24c"
    )


def test_a_theorem_about_squares_says_nothing_of_other_losses() -> None:
    """The procedure for two units on a line is about the squared error alone."""
    points = {"inputs": [[0], [1], [2], [3]], "targets": [[0, 0], [1, 0], [0, 1], [5, 3]]}
    squared = decide_network("dense:1-2-2", "c", **points)
    other = decide_network("dense:1-2-2", "c", **points, loss="coercive")
    assert "exact gave no answer" in squared.reason or squared.theorem == "exact"
    assert other.answer is UNKNOWN
    assert "exact needs the squared error" in other.reason
    assert any(line.startswith("loss: any loss") for line in other.assumptions)
    with pytest.raises(InputError, match="loss 'hinge': expected one of squared, coercive"):
        decide_network("dense:1-2-2", loss="hinge")


def grouped(net: nn.Sequential, **first: float) -> Any:
    """Adam with decay on the first layer only, or as given."""
    return torch.optim.Adam(
        [{"params": net[0].parameters(), **first}, {"params": net[2].parameters()}], weight_decay=0
    )


def test_decay_on_everything_is_a_penalty() -> None:
    net = lu2()
    for make in (torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop):
        verdict = check(net, None, nn.MSELoss(), make(net.parameters(), lr=0.1, weight_decay=0.01))
        assert (verdict.answer, verdict.theorem) == (YES, "R16")
        assert check(net, None, None, make(net.parameters(), lr=0.1)).answer is NO


def test_decay_on_some_parameters_is_no_theorem() -> None:
    net = lu2()
    verdict = check(net, None, None, grouped(net, weight_decay=0.1))
    assert verdict.answer is UNKNOWN
    assert "weight_decay is not on '2.bias', '2.weight_orig'" in verdict.reason


def test_decay_on_all_weights_alone_is_a_penalty() -> None:
    net = lu2()
    weights = {"params": [net[0].weight_orig, net[2].weight_orig], "weight_decay": 0.1}
    biases = [net[0].bias, net[2].bias]
    verdict = check(net, None, None, torch.optim.SGD([weights, {"params": biases}]))
    assert (verdict.answer, verdict.theorem) == (YES, "R24")
    mixed = [weights, {"params": biases[:1], "weight_decay": 0.1}, {"params": biases[1:]}]
    assert check(net, None, None, torch.optim.SGD(mixed)).answer is UNKNOWN


def test_decoupled_decay_is_no_penalty() -> None:
    net = lu2()
    for optimizer in (
        torch.optim.AdamW(net.parameters()),
        torch.optim.NAdam(net.parameters(), weight_decay=0.1, decoupled_weight_decay=True),
    ):
        verdict = check(net, None, None, optimizer)
        assert verdict.answer is NO
        assert "is decoupled: it is no penalty" in verdict.assumptions[-1]


class Odd(torch.optim.SGD):
    """An optimizer of one's own."""


def test_other_training_is_unknown() -> None:
    net = lu2()
    for optimizer, why in (
        (Odd(net.parameters(), weight_decay=0.1), "how Odd uses its weight_decay"),
        (torch.optim.SGD(net[0].parameters()), "does not train '2.bias'"),
        (torch.optim.SGD(net.parameters(), maximize=True), "maximises"),
    ):
        verdict = check(net, None, None, optimizer)
        assert verdict.answer is UNKNOWN
        assert why in verdict.reason
    net.insert(2, nn.Dropout(0.1))
    verdict = check(net)
    assert verdict.answer is UNKNOWN
    assert "dropout" in verdict.reason
    assert check(lu2().insert(2, nn.Dropout(0.0))).answer is NO


class Noisy(torch.utils.data.Dataset[Any]):
    """An augmentation: other inputs every time."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        return torch.randn(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)


def test_data_that_do_not_fit_are_refused() -> None:
    x, y = witness_points()
    for data, message in (
        ((x, y[:, 0]), r"y: expected targets of shape 5 x 2, as the predictions, found 5"),
        ((x, y[:3]), "expected targets of shape"),
        ((x[:, :1], y), "X: the model cannot be run on these inputs"),
        ((x * np.nan, y), "entry 0: expected a finite number, found nan"),
        ((x, y, y), "found 3 arrays"),
        ((batch for batch in [(x, y)]), "found generator"),
        (DataLoader(Noisy()), "other points in every pass"),
        (DataLoader(TensorDataset(x)), "batch 0: expected pairs"),
        (7, "found int"),
    ):
        with pytest.raises(InputError, match=message):
            check(lu2(), data)
    for question in "bc":
        with pytest.raises(InputError, match="needs data"):
            check(lu2(), question=question)
    with pytest.raises(InputError, match="needs targets"):
        check(lu2(), x, question="c")
    with pytest.raises(InputError, match=r"question \(d\) is about functions"):
        check(lu2(), question="d")
    with pytest.raises(InputError, match=r"write MSELoss\(\)"):
        check(lu2(), None, nn.MSELoss)
    with pytest.raises(InputError, match="reduction='none'"):
        check(lu2(), None, nn.MSELoss(reduction="none"))


def test_zeros_that_training_moves_are_no_masks() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    with torch.no_grad():
        net[2].weight[0, 1] = 0
    with pytest.raises(InputError, match="layer '2': 1 of its weights are 0 and nothing keeps"):
        check(net)
    masks = {"0": np.ones((2, 2)), "2": np.array([[1, 0], [1, 1]])}
    assert check(net, masks=masks).pattern.layers[1].nnz == 3
    net[2].weight.register_hook(lambda gradient: gradient * torch.tensor([[1, 0], [1, 1]]))
    assert check(net).pattern.layers[1].nnz == 3
    with pytest.raises(InputError, match="nothing is trained"):
        check(net.requires_grad_(False))


def test_nothing_is_changed() -> None:
    net = lu2().insert(2, nn.Dropout(0.5)).eval()
    x, y = witness_points()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    places = [one.data_ptr() for one in net.parameters()]
    torch.manual_seed(5)
    check(net, DataLoader(TensorDataset(x, y), shuffle=True), nn.MSELoss())
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(1))
    assert not any(one.training for one in net.modules())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert places == [one.data_ptr() for one in net.parameters()]
    assert all(one.grad is None for one in net.parameters())


def test_classes_and_a_loss_that_no_theorem_is_about() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    loss = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0]))
    verdict = check(net, (torch.eye(2), torch.tensor([0, 1])), loss)
    assert verdict.answer is NetworkAnswer.UNKNOWN
    assert "CrossEntropyLoss with weight" in verdict.reason
