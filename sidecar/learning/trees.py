"""Whether a file is boosted trees that can be walked: looked at before XGBoost is given it.

XGBoost reads a model's file as its own. A child that is out of range is read from memory that is not the tree's, and
an empty file ends the process; both are found here first, and refused in words.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

_LEAF = -1


class _TreeParam(msgspec.Struct):
    num_nodes: str
    num_deleted: str
    size_leaf_vector: str


class _Tree(msgspec.Struct):
    left_children: list[int]
    right_children: list[int]
    parents: list[int]
    split_indices: list[int]
    split_conditions: list[float]
    default_left: list[int]
    split_type: list[int]
    base_weights: list[float]
    sum_hessian: list[float]
    loss_changes: list[float]
    categories: list[int]
    tree_param: _TreeParam


class _TreesParam(msgspec.Struct):
    num_trees: str
    num_parallel_tree: str


class _Trees(msgspec.Struct):
    gbtree_model_param: _TreesParam
    iteration_indptr: list[int]
    tree_info: list[int]
    trees: list[_Tree]


class _Boosted(msgspec.Struct):
    name: str
    model: _Trees


class _LearnerParam(msgspec.Struct):
    num_class: str
    num_feature: str
    num_target: str


class _Objective(msgspec.Struct):
    name: str


class _Learner(msgspec.Struct):
    feature_names: list[str]
    gradient_booster: _Boosted
    learner_model_param: _LearnerParam
    objective: _Objective


class _File(msgspec.Struct):
    learner: _Learner


def fault(data: bytes, names: Sequence[str], classes: Sequence[int]) -> str:
    """What is wrong with XGBoost's JSON ``data`` for columns ``names`` and one of these numbers of classes; "" if it
    is sound.
    """
    try:
        learner = _decoder.decode(data).learner
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return str(error) or "it is no JSON"
    param, boosted = learner.learner_model_param, learner.gradient_booster
    if learner.feature_names != list(names) or param.num_feature != str(len(names)):
        return "its columns are not the manifest's"
    number = next((n for n in classes if param.num_class == str(n)), 0)
    if not number or boosted.name != "gbtree" or learner.objective.name != "multi:softprob" or param.num_target != "1":
        return "it does not tell the classes apart with trees"
    return _fault_of_all(boosted.model, len(names), number)


def _fault_of_all(model: _Trees, features: int, classes: int) -> str:
    trees, steps = len(model.trees), model.iteration_indptr
    if not trees or model.gbtree_model_param != _TreesParam(str(trees), "1"):
        return "the number of its trees is not what it says"
    if model.tree_info != [i % classes for i in range(trees)] or steps != list(range(0, trees + 1, classes)):
        return "its trees are not in rounds of one a class"
    return next(
        (f"tree {i} {problem}" for i, tree in enumerate(model.trees) if (problem := _fault(tree, features))), ""
    )


def _fault(tree: _Tree, features: int) -> str:
    nodes = len(tree.left_children)
    columns = (
        tree.right_children, tree.parents, tree.split_indices, tree.split_conditions, tree.default_left,
        tree.split_type, tree.base_weights, tree.sum_hessian, tree.loss_changes,
    )  # fmt: skip
    if not nodes or tree.tree_param != _TreeParam(str(nodes), "0", "1") or any(len(c) != nodes for c in columns):
        return "has not the nodes that it says"
    if tree.categories or any(tree.split_type):
        return "splits by category"
    if any(not 0 <= i < features for i in tree.split_indices):
        return "splits by a column that is not there"
    children = list(zip(tree.left_children, tree.right_children, strict=True))
    inner = [(i, pair) for i, pair in enumerate(children) if pair != (_LEAF, _LEAF)]
    # A child comes after its parent and has one parent, so every walk ends in a leaf.
    if any(not (i < left < nodes and i < right < nodes) for i, (left, right) in inner):
        return "has a branch to nowhere"
    if any(tree.parents[child] != i for i, pair in inner for child in pair):
        return "has a branch that leads elsewhere"
    return ""


_decoder = msgspec.json.Decoder(_File)
