"""What published networks answer, spelling by spelling, for the tests of crates/models: `cargo xtask parity` runs this.

A fixture lists the names and sizes of a file's tensors and the features of two images. Values are no part of it: weights and images
are by the formula of `reference.py`, by the names in the file, so that Rust makes the same file anew.
"""

import functools
import json
import pathlib
import re
import sys
import tempfile

import torch
import torchvision
import transformers
from safetensors.torch import load_file
from timm.layers import SwiGLUPacked
from timm.models.convnext import ConvNeXt
from timm.models.eva import Eva
from timm.models.resnet import Bottleneck, ResNet
from timm.models.vision_transformer import VisionTransformer

from reference import values, waves

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "crates/models/tests/parity"
TINY = {"img_size": 32, "patch_size": 8, "embed_dim": 192, "depth": 12, "num_heads": 3}
FACE = {"hidden_size": 192, "num_hidden_layers": 12, "num_attention_heads": 3, "image_size": 32, "patch_size": 8}
ATTO = {"depths": (2, 2, 6, 2), "dims": (40, 80, 160, 320)}
FACE_ATTO = {"depths": [2, 2, 6, 2], "hidden_sizes": [40, 80, 160, 320]}
# What is in files and no weight.
NO_WEIGHTS = ("num_batches_tracked", "periods", "bias_mask")


def floats(state):
    return {name: tensor for name, tensor in state.items() if tensor.is_floating_point()}


def write(family, net, features, file, back, more=None, image=(2, 3, 32, 32)):
    """`file`: sizes by the names of the file; `back`: the network's state of the file's; `more`: further tensors of the file."""
    with torch.no_grad():
        filled = {name: values(name, tensor) for name, tensor in file.items() if not name.endswith(NO_WEIGHTS)}
        state = back(filled)
        missing, unexpected = net.load_state_dict(state, strict=False)
        missing = [name for name in missing if not name.endswith(NO_WEIGHTS)]
        assert not missing and not unexpected, (family, missing[:5], unexpected[:5])
        answer = features(net.eval(), waves(image, 0)).double()
    sizes = {name: list(tensor.shape) for name, tensor in {**file, **(more or {})}.items() if not name.endswith("num_batches_tracked")}
    fixture = {"family": family, "image": list(image), "tensors": sizes, "features": [float(f"{value:.6g}") for value in answer.flatten()]}
    (FOLDER / f"{family}.json").write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
    print(f"{family}: {len(sizes)} tensors, {list(answer.shape)}")


def plain(family, net, features, prefix="", more=None, rename=None, **rest):
    """Names of the network's own, behind a prefix, or renamed by pairs of patterns."""

    def called(name):
        for pattern, to in rename or []:
            name = re.sub(pattern, to, name)
        return prefix + name

    own = {called(name): name for name in floats(net.state_dict())}
    file = {called(name): tensor for name, tensor in floats(net.state_dict()).items()}
    write(family, net, features, file, lambda filled: {own[name]: tensor for name, tensor in filled.items()}, more, **rest)


def vit(**options):
    return VisionTransformer(**TINY, **{"num_classes": 0, **options})


def pooled(net, x):
    return net.forward_head(net.forward_features(x), pre_logits=True)


def empty(*shape):
    return torch.zeros(shape)


def of_timm():
    plain("timm-vit", vit(num_classes=5), pooled)
    plain("timm-dinov2-registers", vit(reg_tokens=4, no_embed_class=True, init_values=1e-5), pooled)
    twice = {f"student.module.backbone.{name}": tensor for name, tensor in vit().state_dict().items()}
    plain("dino", vit(), pooled, "teacher.backbone.", {**twice, "teacher.head.mlp.0.weight": empty(64, 192)})
    chunked = [(r"^blocks\.(\d+)\.", r"blocks.0.\1."), ("fc1", "w12"), ("fc2", "w3")]
    giant = vit(mlp_ratio=16 / 3, mlp_layer=SwiGLUPacked, act_layer=torch.nn.SiLU, init_values=1e-5)
    plain("dinov2-giant-in-chunks", giant, pooled, "teacher.backbone.", {"teacher.backbone.mask_token": empty(1, 192)}, chunked)
    decoder = {"mask_token": empty(1, 1, 128), "decoder_embed.weight": empty(128, 192), "decoder_blocks.0.norm1.weight": empty(128)}
    plain("mae", vit(global_pool="avg", fc_norm=False), pooled, "model.", {f"model.{name}": size for name, size in decoder.items()})
    twice = {f"module.momentum_encoder.{name}": tensor for name, tensor in vit().state_dict().items()}
    plain("moco-v3", vit(), pooled, "module.base_encoder.", {**twice, "module.predictor.0.weight": empty(64, 32)})
    jepa = vit(class_token=False, global_pool="avg", fc_norm=False)
    twice = {f"encoder.module.{name}": tensor for name, tensor in jepa.state_dict().items()}
    plain("i-jepa", jepa, pooled, "target_encoder.module.", {**twice, "predictor.module.mask_token": empty(1, 1, 96)})


def eva(qkv_bias):
    rope = {"use_rot_pos_emb": True, "use_abs_pos_emb": False, "rope_type": "dinov3", "rope_temperature": 100.0, "rope_rotate_half": True}
    return Eva(**TINY, **rope, num_classes=0, num_reg_tokens=4, init_values=1e-5, qkv_bias=qkv_bias, global_pool="token", use_fc_norm=False,
               norm_layer=functools.partial(torch.nn.LayerNorm, eps=1e-5), dynamic_img_size=True)


def of_dinov3():
    plain("timm-dinov3", eva(False), pooled)
    plain("timm-dinov3-biases", eva(True), pooled)
    net = eva(True)

    def called(name):
        for old, new in (("reg_token", "storage_tokens"), ("gamma_1", "ls1.gamma"), ("gamma_2", "ls2.gamma"), ("q_bias", "qkv.bias")):
            name = name.replace(old, new)
        return name

    file = {called(name): tensor for name, tensor in floats(net.state_dict()).items() if not name.endswith("v_bias")}
    for name in file:
        if name.endswith("qkv.bias"):
            file[name] = empty(3 * 192)

    def back(filled):
        state = {}
        for name, tensor in filled.items():
            if name.endswith("qkv.bias"):
                state[name.replace("qkv.bias", "q_bias")] = tensor[:192]
                state[name.replace("qkv.bias", "v_bias")] = tensor[384:]
            else:
                name = name.replace("storage_tokens", "reg_token").replace("ls1.gamma", "gamma_1").replace("ls2.gamma", "gamma_2")
                state[name] = tensor
        return state

    masks = {f"blocks.{number}.attn.qkv.bias_mask": empty(3 * 192) for number in range(12)}
    write("dinov3", net, pooled, file, back, {**masks, "rope_embed.periods": empty(16), "mask_token": empty(1, 192)})


def of_torchvision():
    net = torchvision.models.VisionTransformer(32, 8, 12, 3, 192, 768, num_classes=5)
    heads = {"heads.head.weight": empty(5, 192), "heads.head.bias": empty(5)}
    net.heads = torch.nn.Identity()
    plain("torchvision-vit", net, lambda net, x: net(x), more=heads)
    net = torchvision.models.resnet18()
    net.fc = torch.nn.Identity()
    plain("torchvision-resnet", net, lambda net, x: net(x), more={"fc.weight": empty(1000, 512), "fc.bias": empty(1000)})
    twice = {f"module.encoder_k.{name}": tensor for name, tensor in floats(net.state_dict()).items()}
    plain("moco-resnet", net, lambda net, x: net(x), "module.encoder_q.", {**twice, "module.encoder_q.fc.0.weight": empty(8, 512)})
    wrapped = torch.nn.Sequential(*list(net.children())[:-1])
    plain("lightly-resnet", wrapped, lambda net, x: net(x).flatten(1), "backbone.", {"projection_head.layers.0.weight": empty(8, 512)})
    from torchvision.models.convnext import CNBlockConfig
    blocks = [CNBlockConfig(*sizes) for sizes in ((40, 80, 2), (80, 160, 2), (160, 320, 6), (320, None, 2))]
    net = torchvision.models.ConvNeXt(blocks, num_classes=5)
    head = {"classifier.2.weight": empty(5, 320), "classifier.2.bias": empty(5)}
    net.classifier[2] = torch.nn.Identity()
    plain("torchvision-convnext", net, lambda net, x: net(x), more=head, image=(2, 3, 64, 64))


def of_convolutions():
    large = {"image": (2, 3, 64, 64)}
    plain("timm-convnext", ConvNeXt(**ATTO, num_classes=5), pooled, **large)
    plain("timm-convnext-convolutions", ConvNeXt(**ATTO, num_classes=0, conv_mlp=True), pooled, **large)
    authors = [(r"^stem\.", "downsample_layers.0."), (r"^stages\.(\d)\.downsample\.", r"downsample_layers.\1."),
               (r"^stages\.(\d)\.blocks\.", r"stages.\1."), ("conv_dw", "dwconv"), (r"mlp\.fc", "pwconv"), (r"^head\.norm", "norm")]
    norms = {"norms.3.weight": empty(320), "norms.3.bias": empty(320)}
    plain("dinov3-convnext", ConvNeXt(**ATTO, num_classes=0), pooled, rename=authors, more=norms, **large)
    heads = {"model.head.weight": empty(5, 320), "model.head.bias": empty(5)}
    plain("convnext", ConvNeXt(**ATTO, num_classes=0), pooled, "model.", heads, authors, **large)
    net = ResNet(Bottleneck, (3, 4, 6, 3), num_classes=5, channels=(8, 16, 32, 64), stem_width=4, stem_type="deep", avg_down=True)
    plain("timm-resnet50d", net, pooled, **large)


def first(net, x):
    return net(x).last_hidden_state[:, 0]


def middle(net, x):
    return net(x).last_hidden_state.mean(1)


def flat(net, x):
    return net(x).pooler_output.flatten(1)


def of_hugging_face():
    nets = {
        "vit": (transformers.ViTModel(transformers.ViTConfig(**FACE, intermediate_size=768)), first, (2, 3, 32, 32)),
        "dinov2": (transformers.Dinov2Model(transformers.Dinov2Config(**FACE)), first, (2, 3, 32, 32)),
        "dinov2-giant": (transformers.Dinov2Model(transformers.Dinov2Config(**FACE, use_swiglu_ffn=True)), first, (2, 3, 32, 32)),
        "dinov2-registers": (transformers.Dinov2WithRegistersModel(transformers.Dinov2WithRegistersConfig(**FACE)), first, (2, 3, 32, 32)),
        "ijepa": (transformers.IJepaModel(transformers.IJepaConfig(**FACE, intermediate_size=768)), middle, (2, 3, 32, 32)),
        "dinov3": (transformers.DINOv3ViTModel(transformers.DINOv3ViTConfig(**FACE, intermediate_size=768, num_register_tokens=4)), first,
                   (2, 3, 32, 32)),
        "dinov3-convnext": (transformers.DINOv3ConvNextModel(transformers.DINOv3ConvNextConfig(**FACE_ATTO)), flat, (2, 3, 64, 64)),
        "convnext": (transformers.ConvNextModel(transformers.ConvNextConfig(**FACE_ATTO)), flat, (2, 3, 64, 64)),
        "resnet": (transformers.ResNetModel(transformers.ResNetConfig(embedding_size=8, hidden_sizes=[32, 64, 128, 256], depths=[3, 4, 6, 3])),
                   flat, (2, 3, 64, 64)),
    }
    for name, (net, features, image) in nets.items():
        plain(f"transformers-5-{name}", net, features, image=image)
        # What is written to disk has the names of transformers 4.
        with tempfile.TemporaryDirectory() as folder:
            net.save_pretrained(folder)
            stored = floats(load_file(f"{folder}/model.safetensors"))
            if set(stored) == set(floats(net.state_dict())):
                continue

            def back(filled):
                from safetensors.torch import save_file
                # Values that are no weights stay as they were.
                whole = {**stored, **filled}
                save_file(whole, f"{folder}/model.safetensors", {"format": "pt"})
                return floats(type(net).from_pretrained(folder).state_dict())

            write(f"transformers-4-{name}", net, features, stored, back, image=image)


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for part in (of_timm, of_dinov3, of_torchvision, of_convolutions, of_hugging_face):
        part()
    sys.stdout.flush()
