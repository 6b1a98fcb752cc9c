"""Networks: what sparse supports mean for training a ReLU network.

``pattern_of`` reads the masks of a model, ``decide_network`` answers one of four questions about
it.  torch, safetensors, onnx and scikit-learn are needed only for their own models and are imported
when one is read.
"""
